"""The store of Feast's: this side of it, which needs none of Feast's packages."""

from __future__ import annotations

import contextlib
import datetime
import os
import tempfile
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from listening import versions
from listening.features import partitions
from listening.store.feast import client, repository
from listening.store.feast.columns import (
    KNOWN_AT,
    from_offline,
    from_online,
    offline_schema,
    to_feast,
)
from listening.store.feast.offline import Files, Offline
from listening.store.feast.place import Place, remember
from listening.store.feast.spaces import Spaces
from listening.store.port import EVENT_TIME, Pushed
from listening.store.views import as_of_cut, asked, beside, checked, known_then, newest, plain
from schema import output_lock
from schema.tables import FEATURE_VIEWS, FeatureView, feature_view

_MICROSECOND: Final = datetime.timedelta(microseconds=1)
_COMMAND: Final = "segue features"
_NUMBER: Final = "entity_number"


class FeastStore:
    """See `FeatureStore`."""

    def __init__(self, place: Place, features: str) -> None:
        """Opens the store.

        Args:
            place: where it is.
            features: the directory of partitions.
        """
        remember(place)
        self._root = place.root
        self._features = features
        self._offline = offline_of(place, features)
        self._spaces = Spaces(place.root)
        self._repository = repository.write(place, self._offline)
        self._worker = client.shared(place.python)
        self._ready = False

    def materialise(self, view: str, until: datetime.datetime | None = None) -> Pushed:
        """See `FeatureStore`."""
        described = feature_view(view)

        def bring() -> tuple[int, pa.Table]:
            found = partitions.newest(self._features, view, until)
            if found is None:
                raise partitions.missing(self._features, view)
            self._offline.follow(described)
            return partitions.micros(found.time), as_of_cut(found)

        with output_lock.taken(self._root, _COMMAND):
            time, rows = versions.retried(bring)
            self._spaces.enter(described, rows, replace=True)
            with self._written(rows.select([described.key, EVENT_TIME])) as path:
                older = self._ask("materialise", view=view, time=time, keys=path)
        return Pushed(rows.num_rows - older, older)

    def push(self, view: str, rows: pa.Table) -> Pushed:
        """See `FeatureStore`."""
        described = feature_view(view)
        fresh = checked(described, rows)
        known_then(described, fresh, self._features)
        with output_lock.taken(self._root, _COMMAND):
            self._spaces.enter(described, fresh, replace=False)
            latest = newest(described, fresh)
            with self._written(to_feast(described, latest, 0)) as path:
                older = self._ask("push", view=view, path=path)
            # After it was not refused; a kill in between is mended by the same push again.
            if fresh.num_rows:
                self._offline.add(described, fresh)
        taken = latest.num_rows - older
        return Pushed(taken, fresh.num_rows - taken)

    def read(self, view: str, keys: Sequence[str]) -> pa.Table:
        """See `FeatureStore`."""
        described = feature_view(view)
        found = self._ask("read", view=view, keys=list(keys)) if keys else {}
        return from_online(described, keys, found, lambda row: self._spaces.sees(described, row))

    def row(self, view: str, key: str) -> dict[str, Any] | None:
        """See `FeatureStore`."""
        found = self.read(view, [key])
        if not found.column(EVENT_TIME)[0].is_valid:
            return None
        return {name: plain(found.column(name))[0].as_py() for name in found.schema.names}

    def join(
        self, view: str, entities: pa.Table, within: datetime.timedelta | None = None
    ) -> pa.Table:
        """See `FeatureStore`."""
        described = feature_view(view)
        keys, times = asked(described, entities)
        found = offline_schema(described).empty_table()
        if entities.num_rows:
            versions.retried(lambda: self._offline.follow(described))
            numbers = pa.array(np.arange(entities.num_rows))
            table = pa.table({_NUMBER: numbers, described.key: keys, EVENT_TIME: times})
            found = versions.retried(lambda: self._joined(described, table))
            if within is not None:
                found = _young(found, times, within)
        features, known = from_offline(described, found)
        return beside(described, entities, features, known)

    def erase(self, listeners: Collection[str]) -> dict[str, int]:
        """See `FeatureStore`."""
        with output_lock.taken(self._root, "segue events erase"):
            self._prepare()
            pushed = self._offline.erase(listeners)
            served = self._ask("erase", listeners=sorted(listeners))
        return {"pushed": pushed, "served": served}

    def close(self) -> None:
        """See `FeatureStore`. Feast's process stays, for other stores of this one."""

    def _joined(self, view: FeatureView, table: pa.Table) -> pa.Table:
        with (
            self._offline.reading(view) as source,
            self._written(table) as path,
            tempfile.TemporaryDirectory() as folder,
        ):
            to = os.path.join(folder, "joined.parquet")
            self._ask("join", view=view.name, source=source, entities=path, to=to)
            return pq.read_table(to)

    def _ask(self, call: str, **arguments: Any) -> Any:
        self._prepare()
        return self._worker.ask(call, repository=self._repository, **arguments)

    def _prepare(self) -> None:
        """Registers the views, once, with what Feast looks for of each."""
        if self._ready:
            return
        for view in FEATURE_VIEWS.values():
            self._offline.prepare(view)
        self._worker.ask("apply", repository=self._repository)
        self._ready = True

    @contextlib.contextmanager
    def _written(self, rows: pa.Table) -> Iterator[str]:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "rows.parquet")
            pq.write_table(rows, path)
            yield path


def _young(found: pa.Table, times: pa.Array, within: datetime.timedelta) -> pa.Table:
    """The same rows, all null where features are older than they may be."""
    known = found.column(KNOWN_AT).combine_chunks()
    age = pc.subtract(times.cast(pa.int64()), known)
    kept = pc.less_equal(age, within // _MICROSECOND)
    none = pa.scalar(None)
    columns = [pc.if_else(kept, column.combine_chunks(), none) for column in found.columns]
    return pa.table(columns, names=found.schema.names)


def offline_of(place: Place, features: str) -> Offline:
    """What a place keeps rows of past times in."""
    if place.dataset is not None:
        from listening.store.feast.bigquery import Tables

        return Tables(place.dataset, features)
    return Files(os.path.join(place.root, "offline"), features)


def open_store(place: Place, features: str) -> FeastStore:
    """Opens a store of Feast's; as of `listening.store.open_store`."""
    return FeastStore(place, features)
