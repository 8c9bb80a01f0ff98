"""Rows that were pushed, kept for joins: a Parquet file a push, named after its content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from listening.store.views import naming
from schema.files import replacing
from schema.tables import FEATURE_VIEWS, FeatureView


def pushed_home(root: str) -> str:
    """Where the files of a store lie."""
    return os.path.join(root, "pushed")


class PushedRows:
    """The files of all views."""

    def __init__(self, root: str) -> None:
        """Names the directory; nothing is made before the first push."""
        self._root = root

    def add(self, view: FeatureView, rows: pa.Table) -> None:
        """Keeps rows; the same rows again are the same file."""
        home = os.path.join(self._root, view.name)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as stream:
            stream.write_table(rows.combine_chunks())
        name = hashlib.sha256(sink.getvalue()).hexdigest()[:32]
        with replacing(os.path.join(home, f"{name}.parquet")) as partial:
            pq.write_table(rows, partial, compression="zstd")

    def files(self, view: FeatureView) -> list[str]:
        """Paths, in a fixed order."""
        home = os.path.join(self._root, view.name)
        if not os.path.isdir(home):
            return []
        names = (name for name in os.listdir(home) if name.endswith(".parquet"))
        return [os.path.join(home, name) for name in sorted(names) if not name.startswith(".")]

    def erase(self, listeners: Collection[str]) -> int:
        """Removes rows of listeners, and rows whose lists name them; says how many."""
        wanted, removed = pa.array(sorted(listeners), pa.string()), 0
        self._clear()
        for view in FEATURE_VIEWS.values():
            for path in self.files(view) if view.listeners else ():
                rows = pq.read_table(path)
                kept = rows.filter(pc.invert(naming(view, rows, wanted)))
                if kept.num_rows == rows.num_rows:
                    continue
                removed += rows.num_rows - kept.num_rows
                if kept.num_rows:
                    self.add(view, kept)
                os.unlink(path)
        return removed

    def _clear(self) -> None:
        """Removes what was cut short."""
        for folder, _, names in os.walk(self._root):
            for name in names:
                if name.startswith(".partial-"):
                    os.unlink(os.path.join(folder, name))
