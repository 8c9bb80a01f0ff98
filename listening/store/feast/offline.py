"""What offline stores of Feast's do for the adapter, and the one that is files."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Collection, Iterator
from typing import Final, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from listening.features import partitions
from listening.store.feast.columns import offline_schema, to_feast
from listening.store.views import as_of_cut, content_name, once_a_time, without
from schema.files import replacing
from schema.tables import FEATURE_VIEWS, FeatureView

_PUSHED: Final = "pushed-"
_BUILT: Final = "built-"
_PARTIAL: Final = ".partial-"


class Offline(Protocol):
    """Rows of past times, where Feast reads them."""

    def source(self, view: FeatureView) -> str:
        """What Feast calls the rows of a view: files, or a table."""

    def prepare(self, view: FeatureView) -> None:
        """Makes the source of a view, without a row, where there is none."""

    def follow(self, view: FeatureView) -> None:
        """Brings in partitions that were built, and takes out those that were replaced.

        Raises:
            FileNotFoundError: a newer version has taken the place of one.
        """

    def add(self, view: FeatureView, rows: pa.Table) -> None:
        """Keeps rows that were pushed; the same rows again change nothing."""

    def reading(self, view: FeatureView) -> contextlib.AbstractContextManager[str]:
        """A source that stays as it is while it is read."""

    def erase(self, listeners: Collection[str]) -> int:
        """Removes rows of listeners, and rows whose lists name them; says how many were pushed."""


class Files:
    """Parquet files, which DuckDB reads: one a partition, one a push, each renamed into place."""

    def __init__(self, root: str, features: str) -> None:
        """Names the directory of the files, and that of partitions."""
        self._root = os.path.abspath(root)
        self._features = features

    def source(self, view: FeatureView) -> str:
        """See `Offline`."""
        return os.path.join(self._home(view), "*.parquet")

    def prepare(self, view: FeatureView) -> None:
        """See `Offline`. A file without rows, since Feast looks for one."""
        self._write(view, "none.parquet", offline_schema(view).empty_table())

    def follow(self, view: FeatureView) -> None:
        """See `Offline`."""
        home, wanted = self._home(view), {}
        for each in partitions.partitions(self._features, view.name):
            wanted[f"{_BUILT}{each.as_of}-{each.described().fingerprint[:32]}.parquet"] = each
        for name in self._names(view):
            if name.startswith(_BUILT) and name not in wanted:
                os.unlink(os.path.join(home, name))
        self.prepare(view)
        for name, each in wanted.items():
            if not os.path.exists(os.path.join(home, name)):
                self._write(view, name, to_feast(view, as_of_cut(each), 0))

    def add(self, view: FeatureView, rows: pa.Table) -> None:
        """See `Offline`."""
        name = f"{_PUSHED}{content_name(rows)}.parquet"
        # Pushed again, they are the last that were: of rows of one time joins take the last.
        latest = to_feast(view, once_a_time(view, rows), time.time_ns() // 1000)
        self._write(view, name, latest, again=True)

    @contextlib.contextmanager
    def reading(self, view: FeatureView) -> Iterator[str]:
        """See `Offline`: other names of the same files, which nobody takes away."""
        folder = os.path.join(self._root, f"{_PARTIAL}{uuid.uuid4().hex}")
        os.makedirs(folder)
        try:
            for name in self._names(view):
                os.link(os.path.join(self._home(view), name), os.path.join(folder, name))
            yield os.path.join(folder, "*.parquet")
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def erase(self, listeners: Collection[str]) -> int:
        """See `Offline`. Rows of partitions come back, without the listeners, as they are built."""
        removed = 0
        self._clear()
        for view in FEATURE_VIEWS.values():
            for name in self._names(view) if view.listeners else ():
                path = os.path.join(self._home(view), name)
                rows = pq.read_table(path)
                kept = without(view, rows, listeners)
                if kept.num_rows == rows.num_rows:
                    continue
                if name.startswith(_PUSHED):
                    removed += rows.num_rows - kept.num_rows
                    if kept.num_rows:
                        self._write(view, f"{_PUSHED}{content_name(kept)}.parquet", kept)
                os.unlink(path)
        return removed

    def _clear(self) -> None:
        """Removes what was cut short."""
        for folder, folders, names in os.walk(self._root):
            for name in names:
                if name.startswith(_PARTIAL):
                    os.unlink(os.path.join(folder, name))
            for name in folders:
                if name.startswith(_PARTIAL):
                    shutil.rmtree(os.path.join(folder, name), ignore_errors=True)

    def _home(self, view: FeatureView) -> str:
        return os.path.join(self._root, view.name)

    def _names(self, view: FeatureView) -> list[str]:
        home = self._home(view)
        names = sorted(os.listdir(home)) if os.path.isdir(home) else []
        return [name for name in names if name.endswith(".parquet") and not name.startswith(".")]

    def _write(self, view: FeatureView, name: str, rows: pa.Table, *, again: bool = False) -> None:
        path = os.path.join(self._home(view), name)
        if os.path.exists(path) and not again:
            return
        with replacing(path) as partial:
            pq.write_table(rows, partial, compression="zstd")
