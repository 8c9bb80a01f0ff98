"""Plays by hour and track, and what follows from them: the tracks that trend."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

#: Types of events that are counted by track, with the column of each.
COUNTED: Final = {
    "stream": "streams",
    "skip": "skips",
    "save": "saves",
    "playlist_add": "playlist_adds",
}

#: A row a track of an hour: the table of an hour that was counted.
PLAYS: Final = pa.schema(
    [
        pa.field("window_start", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("track_uri", pa.string(), nullable=False),
        *(pa.field(name, pa.int64(), nullable=False) for name in COUNTED.values()),
    ]
)

#: The name of the side table of tracks that trend.
TRENDING_NAME: Final = "trending"

#: A row a track: `streams` is how often it was heard before the table's time, and `trend` the same
#: where every stream counts by its age: half as much with each half-life.
TRENDING: Final = pa.schema(
    [
        pa.field("track_uri", pa.string(), nullable=False),
        pa.field("trend", pa.float64(), nullable=False),
        pa.field("streams", pa.int64(), nullable=False),
    ]
)
