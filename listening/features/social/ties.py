"""Ties before a cut, from the table of follows and from events, for a sort by listener."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from listening.features import window
from schema.tables import FOLLOWS, conform

#: Columns of events that are read.
COLUMNS: Final = ("type", "event_time", "listener_id", "followed_listener", "followed_artist")
#: Rows of the table of follows that are read at once.
BLOCK_ROWS: Final = 500_000

#: A tie as it is sorted. One between listeners stands twice, once for each: `out` says whether
#: `listener_id` follows `other`, or is followed by it.
TIES: Final = pa.schema(
    [
        pa.field("listener_id", pa.string(), nullable=False),
        pa.field("out", pa.bool_(), nullable=False),
        pa.field("other", pa.string()),
        pa.field("artist", pa.string()),
    ]
)


def of_events(files: Sequence[str], end: int) -> pa.Table:
    """Ties of the follows that files of landed events hold, before a cut."""
    table = window.read_batch(files, (0, end), COLUMNS, ["follow"])
    return sortable(table)


def of_table(path: str, group: int, end: int) -> pa.Table:
    """Ties of a row group of the table of follows that began before a cut.

    A tie without a time is one of which nobody knows when it began: it counts.

    Raises:
        TableError: the table is none of follows.
    """
    rows = conform(pq.ParquetFile(path).read_row_group(group), FOLLOWS)
    since = rows.column("since").cast(pa.int64())
    return sortable(rows.filter(pc.fill_null(pc.less(since, end), True)))


def groups(path: str) -> Iterator[int]:
    """The row groups of a table of follows.

    Raises:
        OSError: it cannot be read.
    """
    yield from range(pq.ParquetFile(path).num_row_groups)


def sortable(follows: pa.Table) -> pa.Table:
    """Follows as rows of TIES; nobody follows themselves."""
    own = pc.equal(follows.column("listener_id"), follows.column("followed_listener"))
    follows = follows.filter(pc.invert(pc.fill_null(own, False)))
    listener, other = follows.column("listener_id"), follows.column("followed_listener")
    one = pa.table(
        [listener, _all(follows, True), other, follows.column("followed_artist")], schema=TIES
    )
    back = follows.filter(other.is_valid())
    two = pa.table(
        [
            back.column("followed_listener"),
            _all(back, False),
            back.column("listener_id"),
            pa.nulls(back.num_rows, pa.string()),
        ],
        schema=TIES,
    )
    return pa.concat_tables([one, two])


def _all(table: pa.Table, value: bool) -> pa.Array:
    return pa.array([value] * table.num_rows, pa.bool_())
