"""Who is to get lists: a table of listeners, checked row by row and sorted into buckets."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from listening.features import partitions, sorting
from listening.features.counts import starts
from schema import pseudonyms
from schema.side_tables import TABLE_FILE
from schema.tables import AUDIENCE, FEATURE_VIEWS, SET_ASIDE, conform

#: Rows that are checked at once.
BATCH_ROWS: Final = 50_000
#: Rows that a bucket holds, about: a worker's unit of work.
BUCKET_ROWS: Final = 4_096
#: An audience as it is sorted: each row with its place in the table.
SORTED: Final = AUDIENCE.append(pa.field("row", pa.int64(), nullable=False))

_MARKET: Final = "^[A-Z]{2}$"
_URIS: Final = {
    "blocked_tracks": "^spotify:track:[0-9A-Za-z]{22}$",
    "blocked_artists": "^spotify:artist:[0-9A-Za-z]{22}$",
}


def table_of(path: str, cut: datetime.datetime) -> str:
    """The Parquet file of an audience.

    Args:
        path: a file, a side table's folder, or a view's folder of features, whose newest partition
            as of the cut or before it is taken.
        cut: of the features that lists are made of.

    Raises:
        ValueError: it is none of these, or all partitions are of later cuts.
    """
    if os.path.isfile(path):
        return path
    inside = os.path.join(path, TABLE_FILE)
    if os.path.isfile(inside):
        return inside
    root, view = os.path.split(os.path.normpath(path))
    if view in FEATURE_VIEWS and FEATURE_VIEWS[view].key == "listener_id":
        newest = partitions.newest(root or ".", view, cut)
        if newest is not None:
            return os.path.join(newest.folder, TABLE_FILE)
        if later := partitions.partitions(root or ".", view):
            raise ValueError(
                f"{path} holds no listeners as of {partitions.cut_name(cut)} or before, only as of "
                f"{later[0].as_of} and later"
            )
    raise ValueError(
        f"{path} is no table of listeners: expected a Parquet file with listener_id, or a view's "
        "folder such as out/features/segments"
    )


def sort(path: str, scratch: str) -> tuple[int, int, list[str], pa.Table]:
    """Checks an audience and sorts what is sound of it into runs.

    Args:
        path: of a Parquet file.
        scratch: where runs are written.

    Returns:
        How many rows were read, how many buckets there are, the paths of runs, and rows of
        SET_ASIDE.

    Raises:
        TableError: it has no `listener_id`, or a column is of another type.
        OSError: it cannot be read.
    """
    with pq.ParquetFile(path) as file:
        rows = file.metadata.num_rows
        buckets = sorting.buckets_for(rows, BUCKET_ROWS)
        runs, aside = [], [SET_ASIDE.empty_table()]
        for number, batch in enumerate(_batches(file)):
            sound, wrong = checked(batch)
            aside.append(wrong)
            name = f"audience-{number:06d}"
            runs.append(sorting.write_run(scratch, name, sound, "listener_id", buckets))
    return rows, buckets, runs, pa.concat_tables(aside)


def checked(rows: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Divides rows of SORTED, whose listener may be null, into sound ones and rows of SET_ASIDE."""
    reasons = np.full(rows.num_rows, None, object)
    for column, items in _URIS.items():
        lists = rows.column(column).combine_chunks()
        fits = pc.match_substring_regex(pc.list_flatten(lists), items)
        wrong = np.asarray(pc.list_parent_indices(lists))[~_true(fits)]
        reasons[wrong] = "not_a_uri"
    markets = rows.column("market")
    fits = pc.fill_null(pc.match_substring_regex(markets, _MARKET), True)
    reasons[~_true(fits)] = "not_a_market"
    reasons[~_true(pc.match_substring_regex(rows.column("listener_id"), pseudonyms.PATTERN))] = (
        "not_a_pseudonym"
    )
    good = np.array([reason is None for reason in reasons], bool)
    wrong = pa.array(~good)
    aside = pa.table(
        [rows.column("row").filter(wrong), pa.array(reasons[~good], pa.string())], schema=SET_ASIDE
    )
    return rows.filter(pa.array(good)).cast(SORTED), aside


def once_each(rows: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Sorts a bucket's rows by listener; of several of one listener the first row stays.

    Returns:
        Rows of SORTED, and rows of SET_ASIDE.
    """
    rows = rows.sort_by([("listener_id", "ascending"), ("row", "ascending")])
    first = starts(np.asarray(rows.column("listener_id")))
    again = rows.column("row").filter(pa.array(~first))
    aside = pa.table([again, pa.array(["repeated"] * len(again), pa.string())], schema=SET_ASIDE)
    return rows.filter(pa.array(first)), aside


def _batches(file: pq.ParquetFile) -> Iterator[pa.Table]:
    names = [name for name in AUDIENCE.names if name in file.schema_arrow.names]
    loose = pa.schema([field.with_nullable(True) for field in AUDIENCE])
    if "listener_id" not in names:
        conform(pa.table({}), AUDIENCE)  # says which column is missing
    start = 0
    for batch in file.iter_batches(BATCH_ROWS, columns=names):
        rows = conform(pa.Table.from_batches([batch]), loose)
        places = pa.array(range(start, start + rows.num_rows), pa.int64())
        yield rows.append_column("row", places)
        start += rows.num_rows


def _true(found: pa.ChunkedArray | pa.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(found, False), bool)
