"""Erases listeners from tables in Parquet, such as who follows whom."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schema import output_lock
from schema.events import LISTENER_FIELDS
from schema.files import replacing
from schema.side_tables import SIDE_TABLE_FILE


def erase(root: str, listeners: Collection[str]) -> dict[str, int]:
    """Removes rows that name a listener from every `*.parquet` below a directory.

    As of `listening.erasure.Eraser`; kinds: `rows`, `files` that were written anew.

    Raises:
        ValueError: a side table names listeners: it is to be made anew of what is left.
    """
    removed = {"rows": 0, "files": 0}
    with output_lock.taken(root, "segue events erase"):
        for folder, path in _files(root):
            names = [name for name in LISTENER_FIELDS if name in pq.read_schema(path).names]
            if not names:
                continue
            table = pq.read_table(path)
            kept = without(table, listeners)
            if kept.num_rows == table.num_rows:
                continue
            if os.path.exists(os.path.join(folder, SIDE_TABLE_FILE)):
                raise ValueError(f"{folder} is a side table that names listeners: make it anew")
            with replacing(path) as partial:
                pq.write_table(kept, partial, compression="zstd")
            removed["rows"] += table.num_rows - kept.num_rows
            removed["files"] += 1
    return removed


def without(table: pa.Table, listeners: Collection[str]) -> pa.Table:
    """The rows that name none of the listeners, in any column that holds pseudonyms."""
    wanted = pa.array(sorted(listeners), pa.string())
    kept = None
    for name in LISTENER_FIELDS:
        if name in table.schema.names:
            # Null is no listener.
            apart = pc.invert(pc.is_in(table.column(name).cast(pa.string()), wanted))
            kept = apart if kept is None else pc.and_(kept, apart)
    return table if kept is None else table.filter(kept)


def _files(root: str) -> Iterator[tuple[str, str]]:
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            if name.startswith(".partial-"):
                os.unlink(path)  # of a command that was cut short
            elif name.endswith(".parquet"):
                yield folder, path
