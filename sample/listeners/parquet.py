"""Parquet files whose bytes do not depend on how many rows are handed over at a time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from schema.files import replacing

_GROUP: Final = 32_768  # rows


class TableWriter:
    """Writes rows in groups of one size.

    Args:
        writer: of the file.
    """

    def __init__(self, writer: pq.ParquetWriter) -> None:
        self._writer = writer
        self._rows: list[dict[str, Any]] = []

    def add(self, rows: Iterable[dict[str, Any]]) -> None:
        """Takes rows, by column; what a row lacks is null."""
        for row in rows:
            self._rows.append(row)
            if len(self._rows) == _GROUP:
                self.flush()

    def flush(self) -> None:
        """Writes what is held."""
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, self._writer.schema))
            self._rows = []


@contextlib.contextmanager
def table_writer(path: str | os.PathLike[str], schema: pa.Schema) -> Iterator[TableWriter]:
    """Opens a Parquet file, which is put in place when the block ends well."""
    with replacing(path) as partial, pq.ParquetWriter(partial, schema, compression="zstd") as file:
        writer = TableWriter(file)
        yield writer
        writer.flush()
