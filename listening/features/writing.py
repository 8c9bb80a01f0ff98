"""Writes the table of a partition, whose bytes follow from its rows alone."""

from __future__ import annotations

import os
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from listening.features.partitions import Draft
from schema.side_tables import TABLE_FILE
from schema.tables import FeatureView


def write_table(draft: Draft, parts: Iterable[pa.Table]) -> int:
    """Writes rows that come part by part, in the order of the view's key.

    Row groups are of the size that the view says, but for the last one: however the rows come, the
    file is the same.

    Args:
        draft: of the partition.
        parts: in the view's columns.

    Returns:
        How many rows there are.

    Raises:
        ValueError: keys do not rise from row to row, or vectors of two spaces meet.
    """
    view = draft.view
    waiting: pa.Table = view.schema.empty_table()
    last: str | None = None
    space: str | None = None
    rows = 0
    path = os.path.join(draft.folder, TABLE_FILE)
    with pq.ParquetWriter(path, view.schema, compression="zstd") as writer:
        for part in parts:
            if not part.num_rows:
                continue
            last = _risen(view, part, last)
            space = _one_space(view, part, space)
            rows += part.num_rows
            waiting = pa.concat_tables([waiting, part.cast(view.schema)])
            while waiting.num_rows >= view.group_rows:
                _write(writer, waiting.slice(0, view.group_rows))
                waiting = waiting.slice(view.group_rows)
        if waiting.num_rows or not rows:
            _write(writer, waiting)
    return rows


def _write(writer: pq.ParquetWriter, rows: pa.Table) -> None:
    # In one piece: pages would else end where the parts did.
    writer.write_table(rows.combine_chunks(), row_group_size=max(rows.num_rows, 1))


def _risen(view: FeatureView, part: pa.Table, last: str | None) -> str:
    keys = part.column(view.key).combine_chunks()
    rises = pc.all(pc.less(keys.slice(0, len(keys) - 1), keys.slice(1))).as_py()
    if rises is False or (last is not None and keys[0].as_py() <= last):
        raise ValueError(f"{view.name}: {view.key} does not rise from row to row")
    found: str = keys[-1].as_py()
    return found


def _one_space(view: FeatureView, part: pa.Table, space: str | None) -> str | None:
    if view.space is None:
        return None
    found = {*part.column(view.space).unique().to_pylist(), *({space} if space else ())}
    if len(found) > 1:
        raise ValueError(
            f"{view.name}: vectors of different {view.space} do not compare: "
            f"{', '.join(sorted(found))}"
        )
    (only,) = found
    return str(only)
