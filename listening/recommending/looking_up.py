"""One listener's lists of a published day, without reading those of all."""

from __future__ import annotations

import bisect
import functools
import os
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from listening.recommending.publishing import Published
from schema.side_tables import TABLE_FILE
from schema.tables import RECOMMENDATIONS, conform

_COLUMNS: Final = ("listener_id", "model_version", "track_uris", "reasons", "surface", "shelves")
_SCHEMA: Final = pa.schema([RECOMMENDATIONS.field(name) for name in _COLUMNS])
_GROUPS: Final = 16  # row groups that are kept at hand, each of some thousand listeners


class DayOfLists:
    """A published day whose file stays open; one thread at a time asks it."""

    def __init__(self, published: Published) -> None:
        """Opens it.

        Args:
            published: the day.

        Raises:
            FileNotFoundError: a newer version has taken its place.
            ValueError: it is no table of lists.
        """
        self.published = published
        path = os.path.join(published.folder, TABLE_FILE)
        self._source = open(path, "rb")  # noqa: SIM115 - closed by `close`
        try:
            self._file = pq.ParquetFile(self._source)
            self._columns = [name for name in _COLUMNS if name in self._file.schema_arrow.names]
            self._groups, self._lasts = self._ranges()
        except pa.ArrowInvalid as error:
            self._source.close()
            raise ValueError(f"{path} is no table of lists: {error}") from error
        self._rows = functools.lru_cache(maxsize=_GROUPS)(self._read)

    def of(self, listener: str) -> list[dict[str, Any]]:
        """The lists of a listener, a row of RECOMMENDATIONS each; of none where there are none."""
        found: list[dict[str, Any]] = []
        for place in range(bisect.bisect_left(self._lasts, listener), len(self._groups)):
            group, first = self._groups[place]
            if first > listener:
                break
            rows = self._rows(group)
            found += rows.filter(pc.equal(rows.column("listener_id"), listener)).to_pylist()
        return found

    def close(self) -> None:
        """Gives the file back."""
        self._rows.cache_clear()
        self._source.close()

    def _ranges(self) -> tuple[list[tuple[int, str]], list[str]]:
        """The row groups with their first listener, and the last listener of each.

        Rows are in the order of listeners over the whole file.
        """
        column = self._file.schema_arrow.get_field_index("listener_id")
        groups, lasts = [], []
        for number in range(self._file.num_row_groups):
            if not self._file.metadata.row_group(number).num_rows:
                continue
            told = self._file.metadata.row_group(number).column(column).statistics
            if told is None or not told.has_min_max:
                raise pa.ArrowInvalid("it does not tell which listeners are where")
            groups.append((number, told.min))
            lasts.append(told.max)
        return groups, lasts

    def _read(self, group: int) -> pa.Table:
        return conform(self._file.read_row_group(group, columns=self._columns), _SCHEMA)
