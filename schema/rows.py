"""The columns of `per_playlist.parquet`: one row a model and held-out playlist."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pyarrow as pa

from schema import features

ROWS_FILE: Final = "per_playlist.parquet"

MODEL: Final = "model"
SPLIT: Final = "split"
PID: Final = features.PID
SCENARIO: Final = features.SCENARIO
NUM_SEEDS: Final = features.NUM_SEEDS
NUM_HOLDOUTS: Final = features.NUM_HOLDOUTS
LENGTH: Final = "length"  # the playlist's distinct tracks
UNREACHABLE: Final = "unreachable"  # withheld tracks that train never saw

#: What tells rows apart and puts playlists into groups.
KEYS: Final = (MODEL, SPLIT, PID, SCENARIO)
COUNTS: Final = (NUM_SEEDS, NUM_HOLDOUTS, LENGTH, UNREACHABLE)

#: What is known of a row besides its metrics.
FACTS: Final = (*KEYS, *COUNTS)


def arrow_schema(metrics: Iterable[str]) -> pa.Schema:
    """The columns with their types: text for keys, int32 for counts, float64 for metrics.

    Args:
        metrics: names of the metrics, null where one cannot be computed.
    """
    return pa.schema(
        [
            *((name, pa.string()) for name in KEYS),
            *((name, pa.int32()) for name in COUNTS),
            *((name, pa.float64()) for name in metrics),
        ]
    )
