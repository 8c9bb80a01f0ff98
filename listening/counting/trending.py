"""The side table of tracks that trend: streams of counted hours, the newest of which weigh most."""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from listening.counting.hours import CountedHour, counted, read_counts
from schema.side_tables import SideTable, write_side_table
from schema.tables import TRENDING, TRENDING_NAME

_HOUR = datetime.timedelta(hours=1)
#: While it is added up: sums may be null by their type.
_OPEN = pa.schema([field.with_nullable(True) for field in TRENDING])


@dataclasses.dataclass(frozen=True)
class Trending:
    """What was written.

    Attributes:
        table: the side table.
        hours: how many counted hours are in it.
        half_life_hours: after which a stream counts half as much.
    """

    table: SideTable
    hours: int
    half_life_hours: float


def trending(
    counts: str,
    out: str,
    half_life_hours: float,
    as_of: datetime.datetime | None = None,
) -> Trending:
    """Writes the side table.

    A stream of an hour that ended d hours before `as_of` counts 0.5 ** (d / half-life).

    Args:
        counts: the directory of counted hours.
        out: a folder of its own.
        half_life_hours: above 0.
        as_of: a time with its zone; hours that end later are left out. The end of the last counted
            hour where it is not given.

    Raises:
        ValueError: no hour that ends by then was counted, or the half-life is not above 0.
        OSError: the folder cannot be written to.
    """
    if not 0 < half_life_hours < float("inf"):
        raise ValueError(f"half_life_hours: {half_life_hours} is not a number above 0")
    known = counted(counts)
    if not known:
        raise ValueError(f"{counts} holds no counted hours: segue events count writes them")
    until = as_of or max(hour.end for hour in known.values())
    taken = [hour for hour in known.values() if hour.end <= until]
    if not taken:
        raise ValueError(f"{counts} holds no hour that ended by {until.isoformat()}")
    total: pa.Table = _OPEN.empty_table()
    for hour in taken:
        age = (until - hour.end) / _HOUR
        total = _added(total, _read(counts, hour), 0.5 ** (age / half_life_hours))
    table = total.filter(pc.greater(total.column("streams"), 0)).sort_by("track_uri")
    written = write_side_table(out, TRENDING_NAME, table.cast(TRENDING), until)
    return Trending(written, len(taken), half_life_hours)


def _read(counts: str, hour: CountedHour) -> pa.Table:
    try:
        return hour.read()
    except FileNotFoundError:  # it was counted again meanwhile
        return read_counts(counts, hour.hour)


def _added(total: pa.Table, hour: pa.Table, weight: float) -> pa.Table:
    """Adds an hour's streams; memory holds a row a track."""
    streams = hour.column("streams")
    trend = pa.array(np.asarray(streams, np.float64) * weight)
    more = pa.table([hour.column("track_uri"), trend, streams], schema=_OPEN)
    both = pa.concat_tables([total, more]).group_by("track_uri")
    summed = both.aggregate([("trend", "sum"), ("streams", "sum")])
    return summed.select(["track_uri", "trend_sum", "streams_sum"]).rename_columns(TRENDING.names)
