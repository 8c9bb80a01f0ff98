"""Feast's objects, made of the description of the views that the project writes."""

from __future__ import annotations

import datetime
import json
import os
from typing import Any, Final

import feast
from feast.types import Array, Float32, Float64, Int64, String

VIEWS_FILE: Final = "views.json"
TIME: Final = "event_timestamp"
CREATED: Final = "created"

_TYPES: Final = {
    "string": String,
    "int64": Int64,
    "float64": Float64,
    "list<string>": Array(String),
    "list<int64>": Array(Int64),
    "list<float32>": Array(Float32),
    "list<float64>": Array(Float64),
}
_OPENED: dict[str, Repository] = {}


class Repository:
    """A folder with `feature_store.yaml` and the description of views.

    Attributes:
        store: Feast's own.
        views: the description of each, by name.
    """

    def __init__(self, folder: str) -> None:
        """Opens the folder; registers what is described there where that has changed."""
        with open(os.path.join(folder, VIEWS_FILE), encoding="utf-8") as file:
            text = file.read()
        self.text = text
        self.views: dict[str, dict[str, Any]] = {each["name"]: each for each in json.loads(text)}
        self.store = feast.FeatureStore(repo_path=folder)
        applied = os.path.join(folder, "applied.json")
        if not os.path.exists(applied) or _read(applied) != text:
            self.store.apply(self._objects(), partial=True)
            partial = f"{applied}.{os.getpid()}"
            with open(partial, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(partial, applied)

    def view(self, name: str, source: str | None = None) -> feast.FeatureView:
        """A feature view.

        Args:
            name: its name.
            source: files or a table in place of those of the repository, of which rows of any age
                count.
        """
        described = self.views[name]
        fields = [feast.Field(name=each, dtype=_TYPES[kind]) for each, kind in described["columns"]]
        offline = self._offline(name, source or described["source"])
        return feast.FeatureView(
            name=name,
            entities=[self._entity(described)],
            ttl=datetime.timedelta(days=0 if source else described["ttl_days"]),
            schema=[feast.Field(name=described["key"], dtype=String), *fields],
            source=feast.PushSource(name=pushing(name), batch_source=offline),
            online=True,
        )

    def _objects(self) -> list[Any]:
        views = [self.view(name) for name in self.views]
        entities = {each["entity"]: self._entity(each) for each in self.views.values()}
        services = [feast.FeatureService(name=view.name, features=[view]) for view in views]
        for entity in entities:
            of_it = [view for view in views if self.views[view.name]["entity"] == entity]
            services.append(feast.FeatureService(name=f"{entity}_features", features=of_it))
        return [*entities.values(), *views, *services]

    @staticmethod
    def _entity(described: dict[str, Any]) -> feast.Entity:
        return feast.Entity(
            name=described["entity"],
            join_keys=[described["key"]],
            value_type=feast.ValueType.STRING,
        )

    def _offline(self, name: str, source: str) -> Any:
        columns = {"timestamp_field": TIME, "created_timestamp_column": CREATED}
        if self.store.config.offline_store.type == "bigquery":
            from feast import BigQuerySource

            return BigQuerySource(name=f"{name}_rows", table=source, **columns)
        return feast.FileSource(name=f"{name}_rows", path=source, **columns)


def pushing(view: str) -> str:
    """The name of a view's push source."""
    return f"{view}_push"


def opened(folder: str) -> Repository:
    """The repository of a folder, opened once, and again when its description changes."""
    found = _OPENED.get(folder)
    if found is None or found.text != _read(os.path.join(folder, VIEWS_FILE)):
        found = _OPENED[folder] = Repository(folder)
    return found


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()
