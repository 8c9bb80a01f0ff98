"""What stores need to know of a view: its columns as a row of a store has them."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from listening.store.port import EVENT_TIME, OlderSpaceError
from schema.tables import FeatureView, TableError, conform

TIME: pa.DataType = pa.timestamp("us", tz="UTC")


def timed(view: FeatureView) -> pa.Schema:
    """The columns of rows that are pushed."""
    return view.schema.append(pa.field(EVENT_TIME, TIME, nullable=False))


def served(view: FeatureView) -> pa.Schema:
    """The columns of rows that are read: where nothing is known all but the key are null."""
    return pa.schema([_loose(field, view) for field in timed(view)])


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


def _whole(found: pa.Array | pa.ChunkedArray) -> pa.Array:
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _loose(field: pa.Field, view: FeatureView) -> pa.Field:
    return field if field.name == view.key else field.with_nullable(True)
