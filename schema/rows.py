"""The columns of `per_playlist.parquet`: one row a model and held-out playlist."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import pyarrow as pa

from schema import features

ROWS_FILE: Final = "per_playlist.parquet"

MODEL: Final = "model"
SPLIT: Final = "split"
PID: Final = features.PID
SCENARIO: Final = features.SCENARIO
HOLDOUT_HASH: Final = "holdout_hash"  # of the withheld tracks: the same question has the same
NUM_SEEDS: Final = features.NUM_SEEDS
NUM_HOLDOUTS: Final = features.NUM_HOLDOUTS
LENGTH: Final = "length"  # the playlist's distinct tracks
UNREACHABLE: Final = "unreachable"  # withheld tracks that train never saw

#: What tells rows apart and puts playlists into groups.
KEYS: Final = (MODEL, SPLIT, PID, SCENARIO)
COUNTS: Final = (NUM_SEEDS, NUM_HOLDOUTS, LENGTH, UNREACHABLE)


def holdout_hash(uris: Iterable[str | bytes]) -> str:
    """A digest of withheld tracks, in any order, repeats counted once: 16 hexadecimal digits.

    Args:
        uris: of the withheld tracks, as bytes of UTF-8 or text.
    """
    encoded = sorted({uri.encode() if isinstance(uri, str) else uri for uri in uris})
    # Lengths keep two tracks apart from one whose name holds both.
    digest = hashlib.sha256(b"".join(b"%d:%s" % (len(uri), uri) for uri in encoded))
    return digest.hexdigest()[:16]


def arrow_schema(metrics: Iterable[str]) -> pa.Schema:
    """The columns with their types: text for keys, int32 for counts, float64 for metrics.

    Args:
        metrics: names of the metrics, null where one cannot be computed.
    """
    return pa.schema(
        [
            *((name, pa.string()) for name in (*KEYS, HOLDOUT_HASH)),
            *((name, pa.int32()) for name in COUNTS),
            *((name, pa.float64()) for name in metrics),
        ]
    )
