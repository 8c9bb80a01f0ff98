"""Messages become columns: events of the contract, and dead letters for the rest."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import pyarrow as pa

from listening.events.sources import Chunk
from schema.events import (
    DEAD_LETTERS,
    EVENTS,
    SOURCE_OFFSET,
    SOURCE_PARTITION,
    Event,
    RefusedError,
    parse,
)

#: What a key is remembered by: two numbers of 64 bits, which no two keys share by chance.
DIGEST: Final = np.dtype([("high", "<u8"), ("low", "<u8")])
_KEY: Final = "idempotency_key"


@dataclasses.dataclass(frozen=True)
class Parsed:
    """What messages of one partition came to.

    Attributes:
        events: a row each, columns as of `schema.events.EVENTS`, in no order.
        keys: of each row, the digest of its idempotency key.
        dead_letters: a row each, as of `schema.events.DEAD_LETTERS`.
    """

    events: pa.Table
    keys: np.ndarray
    dead_letters: pa.Table

    def refused(self) -> dict[str, int]:
        """Dead letters by reason."""
        return dict(sorted(Counter(self.dead_letters.column("reason").to_pylist()).items()))


class _Rows:
    """Events of one type: the fields of each, and where it stood."""

    def __init__(self) -> None:
        self.fields: list[dict[str, Any]] = []
        self.offsets: list[int] = []


def parse_chunk(chunk: Chunk, now: int) -> Parsed:
    """Reads messages as events.

    Args:
        chunk: messages of one partition.
        now: the reader's time in microseconds since 1970, against clocks that are ahead.
    """
    kinds: dict[type[Event], _Rows] = {}
    dead = []
    for offset, message in zip(chunk.offsets, chunk.messages, strict=True):
        try:
            event = parse(message, now)
        except RefusedError as refused:
            dead.append((refused.reason, refused.field, refused.detail, message, offset))
            continue
        kind = type(event)
        if kind not in kinds:
            kinds[kind] = _Rows()
        rows = kinds[kind]
        rows.fields.append(event.__dict__)
        rows.offsets.append(offset)
    keys = digests([row[_KEY] for rows in kinds.values() for row in rows.fields])
    tables = [_columns(kind, rows, chunk.partition) for kind, rows in kinds.items()]
    return Parsed(_joined(tables, EVENTS), keys, _dead_letters(dead, chunk.partition))


def joined(parts: Sequence[Parsed]) -> Parsed:
    """Several parts of one partition as one."""
    if len(parts) == 1:
        return parts[0]
    return Parsed(
        _joined([part.events for part in parts], EVENTS),
        np.concatenate([part.keys for part in parts]),
        _joined([part.dead_letters for part in parts], DEAD_LETTERS),
    )


def digests(keys: Sequence[str]) -> np.ndarray:
    """The digests of idempotency keys, as of DIGEST."""
    hashed = b"".join([blake2b(key.encode(), digest_size=16).digest() for key in keys])
    return np.frombuffer(hashed, DIGEST)


def _columns(kind: type[Event], rows: _Rows, partition: int) -> pa.Table:
    size = len(rows.offsets)
    columns = []
    for field in EVENTS:
        name = field.name
        if name in kind.model_fields:
            column = pa.array([row[name] for row in rows.fields], field.type)
        elif name == SOURCE_OFFSET:
            column = pa.array(rows.offsets, field.type)
        elif name == SOURCE_PARTITION:
            column = pa.array(np.full(size, partition), field.type)
        else:
            column = pa.nulls(size, field.type)
        columns.append(column)
    return pa.table(columns, schema=EVENTS)


def _dead_letters(dead: list[tuple[Any, ...]], partition: int) -> pa.Table:
    reasons, fields, details, messages, offsets = zip(*dead, strict=True) if dead else [()] * 5
    columns = (reasons, fields, details, messages, [partition] * len(dead), offsets)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, DEAD_LETTERS, strict=True)],
        schema=DEAD_LETTERS,
    )


def _joined(tables: Sequence[pa.Table], schema: pa.Schema) -> pa.Table:
    return pa.concat_tables(tables) if tables else schema.empty_table()
