"""Landed events: the columns of Parquet.

One table holds all types, with a column `type` and columns that are null for the types which have
no such field. A file covers a range of the source's offsets within an hour; a table for each type
would make six files, and six renames, of each range, for a handful of events each. Columns of
nulls take next to no space in Parquet, and a reader names the columns that it wants.
"""

from __future__ import annotations

import datetime
import types
import typing
from typing import Any, Final

import pyarrow as pa

from schema.events.kinds import KINDS, Event

#: Where in the source an event stood: a Kafka partition and offset, or a file's number and line.
SOURCE_PARTITION: Final = "source_partition"
SOURCE_OFFSET: Final = "source_offset"

#: Types of columns: microseconds in UTC, and what Python's types become.
_TIME: Final = pa.timestamp("us", tz="UTC")
_ARROW: Final = {str: pa.string(), int: pa.int64(), float: pa.float64()}
_COMMON: Final = tuple(Event.model_fields)


def _columns() -> dict[str, pa.Field]:
    columns: dict[str, pa.Field] = {}
    for kind in KINDS.values():
        for name, field in kind.model_fields.items():
            required = name in _COMMON and Event.model_fields[name].is_required()
            arrow = _TIME if name == "event_time" else _ARROW[_plain(field.annotation)]
            column = pa.field(name, arrow, nullable=not required)
            if columns.setdefault(name, column) != column:
                raise TypeError(f"{name} is of two types")
    return columns


def _plain(annotation: Any) -> type:
    """The Python type behind `Annotated`, `Literal` and `| None`."""
    origin = typing.get_origin(annotation)
    if origin is typing.Literal:
        return str
    if origin is typing.Annotated:
        return _plain(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        (inner,) = (each for each in typing.get_args(annotation) if each is not type(None))
        return _plain(inner)
    return annotation


#: The landed table. Columns that every event has come first; those are never null but for the
#: session.
EVENTS: Final = pa.schema(
    [
        *_columns().values(),
        pa.field(SOURCE_PARTITION, pa.int32(), nullable=False),
        pa.field(SOURCE_OFFSET, pa.int64(), nullable=False),
    ]
)

#: What was refused, beside where it stood and why; `reason` is one of `REASONS`.
DEAD_LETTERS: Final = pa.schema(
    [
        pa.field("reason", pa.string(), nullable=False),
        pa.field("field", pa.string()),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("message", pa.binary(), nullable=False),
        pa.field(SOURCE_PARTITION, pa.int32(), nullable=False),
        pa.field(SOURCE_OFFSET, pa.int64(), nullable=False),
    ]
)


def hour_of(event_time: int) -> str:
    """The hour of a time in microseconds since 1970, in UTC, such as "2026-11-28T03"."""
    when = datetime.datetime.fromtimestamp(event_time // 1_000_000, datetime.timezone.utc)
    return when.strftime("%Y-%m-%dT%H")
