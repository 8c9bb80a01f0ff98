"""The calls that are answered. Rows come and go as files of Parquet, single reads as JSON."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any, Final

import feast
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from feast.data_source import PushMode

from . import rows
from .repository import TIME, opened, pushing

_NUMBER: Final = "entity_number"
_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def _apply(repository: str) -> None:
    """Registers what is described there."""
    opened(repository)


def _materialise(repository: str, view: str, time: int, keys: str) -> int:
    """Serves the offline rows as of one time, by Feast's materialisation.

    Args:
        repository: its folder.
        view: its name.
        time: in microseconds since 1970.
        keys: file with the key and the time of the same rows.

    Returns:
        How many rows are not served, since what is served is newer.
    """
    found = opened(repository)
    older = rows.make_way(found, view, pq.read_table(keys))
    at = _EPOCH + datetime.timedelta(microseconds=time)
    found.store.materialize(start_date=at, end_date=at, feature_views=[view])
    return older


def _push(repository: str, view: str, path: str) -> int:
    """Serves rows of a file, by Feast's push; gives how many are not, as they are older."""
    found = opened(repository)
    table = pq.read_table(path)
    older = rows.make_way(found, view, table.select([found.views[view]["key"], TIME]))
    frame = table.to_pandas()
    if len(frame):
        found.store.push(pushing(view), frame, to=PushMode.ONLINE)
    return older


def _read(repository: str, view: str, keys: list[str]) -> dict[str, list[Any]]:
    """What is served of keys, by column; nulls where nothing is."""
    found = opened(repository)
    described = found.views[view]
    answer = found.store.get_online_features(
        features=[f"{view}:{name}" for name, _ in described["columns"]],
        entity_rows={described["key"]: keys},
    )
    columns: dict[str, list[Any]] = answer.to_dict()
    return columns


def _join(repository: str, view: str, source: str, entities: str, to: str) -> None:
    """Writes what was known of entities at their times, in their order.

    Args:
        repository: its folder.
        view: its name.
        source: the files, or the table, that hold what was known.
        entities: file with a number, the key and a time.
        to: the file to write.
    """
    found = opened(repository)
    described = found.views[view]
    asked: pd.DataFrame = pq.read_table(entities).to_pandas()
    registered: feast.FeatureView = found.view(view, source)
    # As Feast's own get_historical_features calls it, with the files of this one join. Features of
    # any age come back: of an age in days and hours at once Feast makes an error.
    registered.entity_columns = found.store.get_feature_view(view).entity_columns
    job = found.store._get_provider().offline_store.get_historical_features(
        config=found.store.config,
        feature_views=[registered],
        feature_refs=[f"{view}:{name}" for name, _ in described["columns"]],
        entity_df=asked,
        registry=found.store.registry,
        project=found.store.project,
    )
    table: pa.Table = job.to_arrow()
    names = [_NUMBER, *(name for name, _ in described["columns"])]
    pq.write_table(table.select(names).sort_by(_NUMBER), to)


def _erase(repository: str, listeners: list[str]) -> int:
    """Removes what is served of listeners, and rows whose lists name them; says how many."""
    return rows.erase(opened(repository), listeners)


CALLS: Final[Mapping[str, Callable[..., Any]]] = {
    "apply": _apply,
    "materialise": _materialise,
    "push": _push,
    "read": _read,
    "join": _join,
    "erase": _erase,
}
