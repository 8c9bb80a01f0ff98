"""What stores need to know of a view: its columns as a row of a store has them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from listening.features import model_time, partitions
from listening.features.partitions import Partition
from listening.store.port import EVENT_TIME, OlderSpaceError
from schema.tables import FeatureView, TableError, conform

TIME: pa.DataType = pa.timestamp("us", tz="UTC")
#: The column of a join that says as of when the features are.
FEATURE_TIME: Final = "feature_time"


def timed(view: FeatureView) -> pa.Schema:
    """The columns of rows that are pushed."""
    return view.schema.append(pa.field(EVENT_TIME, TIME, nullable=False))


def served(view: FeatureView) -> pa.Schema:
    """The columns of rows that are read: where nothing is known all but the key are null."""
    return pa.schema([_loose(field, view) for field in timed(view)])


def as_of_cut(partition: Partition) -> pa.Table:
    """The rows of a partition, in the columns of those that are pushed.

    Raises:
        FileNotFoundError: a newer version has taken its place.
        ValueError: the table is not the one that was described.
    """
    rows = partition.table()
    times = pa.array([partitions.micros(partition.time)] * rows.num_rows, pa.int64()).cast(TIME)
    return rows.append_column(pa.field(EVENT_TIME, TIME, nullable=False), times)


def checked(view: FeatureView, rows: pa.Table) -> pa.Table:
    """Rows that are pushed, in the columns of the contract.

    Raises:
        ValueError: a column is missing, or of another type, or a key is empty.
    """
    try:
        found = conform(rows, timed(view))
    except TableError as error:
        raise ValueError(f"{view.name}: {error}") from error
    if pc.any(pc.equal(found.column(view.key), "")).as_py():
        raise ValueError(f"{view.name}: a {view.key} is empty")
    return found


def known_then(view: FeatureView, rows: pa.Table, features: str) -> None:
    """Refuses vectors from before the time to which the data of their model goes.

    Args:
        view: whose rows they are.
        rows: with `event_timestamp`.
        features: the directory of partitions, which say until when the data of a model goes.

    Raises:
        ValueError: there are such vectors.
    """
    if view.space is None or not rows.num_rows:
        return
    firsts = rows.group_by(view.space).aggregate([(EVENT_TIME, "min")])
    columns = (firsts.column(name).to_pylist() for name in (view.space, f"{EVENT_TIME}_min"))
    earliest = dict(zip(*columns, strict=True))
    for partition in partitions.partitions(features, view.name):
        model = model_time.read(partition.folder)
        if model is None or model.data_end is None:
            continue
        first = earliest.get(model.version)
        if first is not None and first < model.data_end:
            raise ValueError(
                f"{view.name}: model {model.version} has learnt from data up to "
                f"{model.data_end:%Y-%m-%dT%H:%M:%S}, and a row of its vectors is as of "
                f"{first:%Y-%m-%dT%H:%M:%S}, when it could not be known"
            )


def space_of(view: FeatureView, rows: pa.Table) -> str:
    """The one space of rows, "" where the view has no vectors or there are no rows.

    Raises:
        OlderSpaceError: there are two.
    """
    if view.space is None or not rows.num_rows:
        return ""
    spaces = pc.unique(rows.column(view.space)).to_pylist()
    if len(spaces) > 1:
        raise OlderSpaceError(
            f"{view.name}: vectors of {spaces[0]} and {spaces[1]} cannot be compared: send those "
            "of one"
        )
    return str(spaces[0])


def another_space(view: FeatureView, served: str, space: str) -> OlderSpaceError:
    """Says that vectors of one space are served, and that those of another one are refused."""
    return OlderSpaceError(
        f"{view.name}: vectors of {served} are served, and cannot be compared with those of "
        f"{space}: materialise a newer partition"
    )


def newest(view: FeatureView, rows: pa.Table) -> pa.Table:
    """Of each key the row of the latest time; of two of one time the one that comes last."""
    places = pa.array(range(rows.num_rows), pa.int64())
    order = pc.sort_indices(
        rows.select([view.key, EVENT_TIME]).append_column("place", places),
        [(view.key, "ascending"), (EVENT_TIME, "descending"), ("place", "descending")],
    )
    ordered = rows.take(order)
    keys = ordered.column(view.key).combine_chunks()
    if not len(keys):
        return ordered
    first = pc.not_equal(keys.slice(1), keys.slice(0, len(keys) - 1))
    return ordered.filter(pa.concat_arrays([pa.array([True]), _whole(first)]))


def once_a_time(view: FeatureView, rows: pa.Table) -> pa.Table:
    """Of rows of one key and one time the one that comes last, in their order."""
    pairs = zip(*(rows.column(name).to_pylist() for name in (view.key, EVENT_TIME)), strict=True)
    places = {pair: place for place, pair in enumerate(pairs)}
    return rows.take(pa.array(sorted(places.values()), pa.int64()))


def asked(view: FeatureView, entities: pa.Table) -> tuple[pa.Array, pa.Array]:
    """The keys and times that a join is asked for.

    Raises:
        ValueError: a column of the entities is missing or of another type, or named as one of the
            view's is.
    """
    wanted = pa.schema(
        [
            pa.field(view.key, pa.string(), nullable=False),
            pa.field(EVENT_TIME, TIME, nullable=False),
        ]
    )
    taken = {*view.schema.names, FEATURE_TIME} - {view.key}
    if both := sorted(taken & set(entities.schema.names)):
        raise ValueError(f"{both[0]}: entities and {view.name} both have such a column")
    found = conform(entities, wanted)
    return found.column(view.key).combine_chunks(), found.column(EVENT_TIME).combine_chunks()


def beside(view: FeatureView, entities: pa.Table, features: pa.Table, times: pa.Array) -> pa.Table:
    """Entities with their features, and as of when those are."""
    for name in view.schema.names:
        if name != view.key:
            entities = entities.append_column(name, features.column(name))
    return entities.append_column(FEATURE_TIME, times)


def content_name(rows: pa.Table) -> str:
    """A name for rows: the same for the same ones."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows.combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()[:32]


def plain(column: pa.ChunkedArray) -> Any:
    """Instants as microseconds since 1970, also in lists; other columns as they are."""
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.int64())
    if pa.types.is_list(column.type) and pa.types.is_timestamp(column.type.value_type):
        return column.cast(pa.list_(pa.field("item", pa.int64(), nullable=False)))
    return column


def without(view: FeatureView, rows: pa.Table, listeners: Collection[str]) -> pa.Table:
    """Rows but for those of listeners, and those whose lists name them."""
    wanted = pa.array(sorted(listeners), pa.string())
    named = pa.array([False] * rows.num_rows, pa.bool_())
    for name in view.listeners:
        column = rows.column(name).combine_chunks()
        if pa.types.is_list(column.type):
            among = pc.is_in(pc.list_flatten(column), wanted)
            parents = pc.list_parent_indices(column).filter(among)
            places = pa.array(range(rows.num_rows), pa.int64())
            found = pc.is_in(places, pc.unique(parents.cast(pa.int64())))
        else:
            found = pc.is_in(column, wanted)
        named = pc.or_(named, found)
    return rows.filter(pc.invert(named))


def _whole(found: pa.Array | pa.ChunkedArray) -> pa.Array:
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _loose(field: pa.Field, view: FeatureView) -> pa.Field:
    return field if field.name == view.key else field.with_nullable(True)
