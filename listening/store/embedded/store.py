"""The embedded store: partitions and pushes joined by DuckDB, the newest rows in SQLite."""

from __future__ import annotations

import datetime
import os
from collections.abc import Collection, Sequence
from typing import Any, Final

import pyarrow as pa
import pydantic

from listening import versions
from listening.features import partitions
from listening.store.embedded import erasing
from listening.store.embedded.joining import Source, joined
from listening.store.embedded.online import Online
from listening.store.embedded.pushed import PushedRows, pushed_home
from listening.store.port import Pushed
from listening.store.views import as_of_cut, checked, known_then, newest, space_of
from schema import output_lock
from schema.options import Options
from schema.side_tables import TABLE_FILE
from schema.tables import FeatureView, feature_view

_MICROSECOND: Final = datetime.timedelta(microseconds=1)
_COMMAND: Final = "segue features"


class EmbeddedStore:
    """See `FeatureStore`."""

    def __init__(self, root: str, features: str) -> None:
        """Opens the store.

        Args:
            root: its directory.
            features: the directory of partitions.
        """
        self._root = root
        self._features = features
        self._online = Online(root)
        self._pushed = PushedRows(pushed_home(root))

    def materialise(self, view: str, until: datetime.datetime | None = None) -> Pushed:
        """See `FeatureStore`."""
        described = feature_view(view)

        def read() -> pa.Table:
            found = partitions.newest(self._features, view, until)
            if found is None:
                raise partitions.missing(self._features, view)
            return as_of_cut(found)

        rows = versions.retried(read)
        with output_lock.taken(self._root, _COMMAND):
            return self._online.write(described, rows, replace_space=True)

    def push(self, view: str, rows: pa.Table) -> Pushed:
        """See `FeatureStore`."""
        described = feature_view(view)
        fresh = checked(described, rows)
        known_then(described, fresh, self._features)
        space_of(described, fresh)
        with output_lock.taken(self._root, _COMMAND):
            latest = newest(described, fresh)
            file = self._pushed.add(described, fresh) if fresh.num_rows else None
            try:
                # The same transaction has joins read the file: a kill leaves old or new of both.
                found = self._online.write(described, latest, replace_space=False, file=file)
            finally:
                self._pushed.tidy(described, self._online.pushes(described))
        return Pushed(found.taken, fresh.num_rows - found.taken)

    def read(self, view: str, keys: Sequence[str]) -> pa.Table:
        """See `FeatureStore`."""
        return self._online.read(feature_view(view), keys)

    def row(self, view: str, key: str) -> dict[str, Any] | None:
        """See `FeatureStore`."""
        return self._online.row(feature_view(view), key)

    def join(
        self, view: str, entities: pa.Table, within: datetime.timedelta | None = None
    ) -> pa.Table:
        """See `FeatureStore`."""
        described = feature_view(view)
        age = None if within is None else within // _MICROSECOND
        return versions.retried(lambda: joined(described, self._sources(described), entities, age))

    def erase(self, listeners: Collection[str]) -> dict[str, int]:
        """See `FeatureStore`."""
        return erasing.erase(self._root, listeners)

    def close(self) -> None:
        """See `FeatureStore`."""
        self._online.close()

    def _sources(self, view: FeatureView) -> list[Source]:
        built = [
            Source(os.path.join(each.folder, TABLE_FILE), partitions.micros(each.time))
            for each in partitions.partitions(self._features, view.name)
        ]
        pushes = [self._pushed.path(view, name) for name in self._online.pushes(view)]
        return built + [Source(path, None) for path in pushes]


class Place(Options):
    """What `embedded:DIR` says.

    Attributes:
        root: its directory.
    """

    root: str = pydantic.Field(min_length=1)


def open_store(place: Place, features: str) -> EmbeddedStore:
    """Opens an embedded store; as of `listening.store.open_store`."""
    return EmbeddedStore(place.root, features)
