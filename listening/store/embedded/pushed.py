"""Rows that were pushed, kept for joins: a Parquet file a push, named after its content.

Which of the files count, and in which order, says the table of pushes in SQLite: a file that it
does not name was cut short, or erased.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from listening.store.views import content_name, without
from schema.files import replacing
from schema.tables import FeatureView


def pushed_home(root: str) -> str:
    """Where the files of a store lie."""
    return os.path.join(root, "pushed")


class PushedRows:
    """The files of all views."""

    def __init__(self, root: str) -> None:
        """Names the directory; nothing is made before the first push."""
        self._root = root

    def add(self, view: FeatureView, rows: pa.Table) -> str:
        """Writes rows, and gives the file's name; the same rows again are the same file."""
        name = f"{content_name(rows)}.parquet"
        with replacing(self.path(view, name)) as partial:
            pq.write_table(rows, partial, compression="zstd")
        return name

    def path(self, view: FeatureView, name: str) -> str:
        """Where a file lies."""
        return os.path.join(self._root, view.name, name)

    def names(self, view: FeatureView) -> list[str]:
        """Whole files that lie there, whether they count or not."""
        return sorted(name for name in self._all(view) if not name.startswith("."))

    def tidy(self, view: FeatureView, named: Collection[str]) -> None:
        """Removes files that do not count; nobody reads them."""
        for name in set(self._all(view)) - set(named):
            os.unlink(self.path(view, name))

    def without(
        self, view: FeatureView, names: Sequence[str], listeners: Collection[str]
    ) -> tuple[dict[str, str | None], int]:
        """Writes files without rows of listeners, and without rows whose lists name them.

        Returns:
            What takes the place of each file that held such rows, None where nothing is left; and
            how many rows there were.
        """
        instead: dict[str, str | None] = {}
        removed = 0
        for name in names if view.listeners else ():
            rows = pq.read_table(self.path(view, name))
            kept = without(view, rows, listeners)
            if kept.num_rows < rows.num_rows:
                removed += rows.num_rows - kept.num_rows
                instead[name] = self.add(view, kept) if kept.num_rows else None
        return instead, removed

    def _all(self, view: FeatureView) -> list[str]:
        home = os.path.join(self._root, view.name)
        return os.listdir(home) if os.path.isdir(home) else []
