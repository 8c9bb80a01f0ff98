"""Views in Feast's columns, and rows between both.

Feast's own times are of whole seconds where they are features, so that instants go as microseconds
since 1970. `known_at` repeats the time of a row: Feast hands out features, and not their times.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from listening.store.port import EVENT_TIME
from listening.store.views import TIME, plain, served
from schema.tables import FEATURE_VIEWS, FeatureView

KNOWN_AT: Final = "known_at"
CREATED: Final = "created"
_ENTITIES: Final = {"listener_id": "listener", "track_uri": "track"}


def described(sources: Mapping[str, str], ttl_days: int) -> str:
    """All views as the worker reads them.

    Args:
        sources: the offline rows of each.
        ttl_days: how old rows may be for those who ask Feast itself; 0: of any age.
    """
    return json.dumps(
        [
            {
                "name": view.name,
                "entity": _ENTITIES[view.key],
                "key": view.key,
                "columns": [(field.name, _kind(field.type)) for field in _features(view)],
                "listeners": view.listeners,
                "source": sources[view.name],
                "ttl_days": ttl_days,
            }
            for view in FEATURE_VIEWS.values()
        ],
        indent=1,
    )


def offline_schema(view: FeatureView) -> pa.Schema:
    """The columns of offline rows."""
    key = pa.field(view.key, pa.string())
    times = [pa.field(name, TIME) for name in (EVENT_TIME, CREATED)]
    return pa.schema([key, *_features(view), *times])


def to_feast(view: FeatureView, rows: pa.Table, created: int) -> pa.Table:
    """Rows with their times as offline rows.

    Args:
        view: whose they are.
        rows: in the columns of the contract, with `event_timestamp`.
        created: of rows of one key and time the one of the latest counts; microseconds since 1970.
    """
    columns = {name: plain(rows.column(name)) for name in view.schema.names}
    columns[KNOWN_AT] = rows.column(EVENT_TIME).cast(pa.int64())
    columns[EVENT_TIME] = rows.column(EVENT_TIME)
    columns[CREATED] = pa.array([created] * rows.num_rows, pa.int64()).cast(TIME)
    schema = offline_schema(view)
    return pa.table([columns[name] for name in schema.names], names=schema.names).cast(schema)


def from_offline(view: FeatureView, found: pa.Table) -> tuple[pa.Table, pa.Array]:
    """Features of a join in the columns of the contract, and as of when they are; null for none."""
    known = found.column(KNOWN_AT).cast(pa.int64()).combine_chunks()
    nothing = known.is_null()
    columns = []
    for field in view.schema:
        if field.name == view.key:
            continue
        column = found.column(field.name).combine_chunks()
        if pa.types.is_list(field.type):
            # A service may say nothing of a list by an empty one.
            values = [
                None if gone else held or []
                for gone, held in zip(nothing.to_pylist(), column.to_pylist(), strict=True)
            ]
            columns.append(pa.array(values, field.type))
        else:
            columns.append(column.cast(field.type))
    names = [name for name in view.schema.names if name != view.key]
    return pa.table(columns, names=names), known.cast(TIME)


def from_online(
    view: FeatureView, keys: Sequence[str], found: Mapping[str, Sequence[Any]], visible: Any
) -> pa.Table:
    """What is served of keys, in the columns of the contract.

    Args:
        view: whose rows they are.
        keys: that were asked for.
        found: columns, as Feast gives them.
        visible: says of a row, a mapping, whether it is served.
    """
    rows = []
    for place, key in enumerate(keys):
        row = {field.name: found[field.name][place] for field in _features(view)}
        known = row.pop(KNOWN_AT)
        if known is None or not visible(row):
            rows.append({view.key: key})
            continue
        for field in view.schema:
            value = row.get(field.name)
            if pa.types.is_list(field.type):
                row[field.name] = value or []
            elif isinstance(value, float) and math.isnan(value):
                row[field.name] = None
        rows.append({**row, view.key: key, EVENT_TIME: known})
    return pa.Table.from_pylist(rows, served(view))


def _features(view: FeatureView) -> list[pa.Field]:
    fields = [
        pa.field(field.name, _stored(field.type)) for field in view.schema if field.name != view.key
    ]
    return [*fields, pa.field(KNOWN_AT, pa.int64())]


def _stored(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_list(kind):
        return pa.list_(_stored(kind.value_type))
    return pa.int64() if pa.types.is_timestamp(kind) else kind


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"list<{_kind(kind.value_type)}>"
    return {"double": "float64", "float": "float32"}.get(str(kind), str(kind))
