"""Which tracks are out before a cut, by the table of tracks."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from listening.features.audio.descriptors import Described
from schema.tables import TRACKS, conform

_COLUMNS: Final = ("track_uri", "release_date")
_SCHEMA: Final = pa.schema([TRACKS.field(name) for name in _COLUMNS])


def out_before(described: Described, tracks: str, cut: datetime.datetime) -> Described:
    """Leaves out tracks that come out at a cut or later, and counts them.

    Whatever comes out on a day is out from its midnight on. A track of which no date is known is
    taken to be out, as it is for recommendations.

    Args:
        described: tracks with their numbers.
        tracks: the table of tracks.
        cut: a time of UTC.

    Raises:
        TableError: the table lacks a column.
        OSError: it cannot be read.
    """
    there = [name for name in _COLUMNS if name in pq.read_schema(tracks).names]
    table = conform(pq.read_table(tracks, columns=there), _SCHEMA)
    midnights = table.column("release_date").cast(pa.timestamp("s")).cast(pa.int64())
    later = table.filter(
        pc.fill_null(pc.greater_equal(midnights, round(cut.timestamp())), False)
    ).column("track_uri")
    out = np.asarray(
        pc.invert(pc.is_in(pa.array(described.uris, pa.string()), later.combine_chunks()))
    )
    return dataclasses.replace(
        described,
        uris=[uri for uri, is_out in zip(described.uris, out.tolist(), strict=True) if is_out],
        values=described.values[out],
        counts={**described.counts, "not_out_yet": int(len(out) - out.sum())},
    )
