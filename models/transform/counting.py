"""Counts values in Arrow tables, which Beam passes around in place of one element a value.

tf.Transform's own vocabularies make a Beam element of every value of a batch: tens of millions for
a million playlists, of which a runner in memory holds all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import apache_beam as beam
import numpy as np
import pandas as pd
import pyarrow as pa
from apache_beam.transforms import window
from apache_beam.utils.windowed_value import WindowedValue

VALUE, COUNT = "value", "count"

# Of each kind of values: so many workers can merge at a time, and none holds them all.
_SHARDS: Final = 8
# Rows that wait to be merged, and merged ones that a worker keeps before it passes them on.
_WAITING: Final = 1 << 19
_KEPT: Final = 1 << 21

_SCHEMA: Final = pa.schema([(VALUE, pa.binary()), (COUNT, pa.int64())])


class Part(NamedTuple):
    """What was counted of some values of a kind: those of a shard.

    Attributes:
        kind: of the values, by its position among the inputs.
        shard: all parts with a value are of one shard.
        table: an Arrow stream of `value` and `count`, each value once.
    """

    kind: int
    shard: int
    table: bytes


class CountBatches(beam.DoFn):
    """Batches, a tuple of string arrays, to the `Part`s of a bundle."""

    def start_bundle(self) -> None:
        """Begins with nothing."""
        self._waiting: dict[int, list[pa.Table]] = {}
        self._rows: dict[int, int] = {}

    def process(self, batch: tuple[np.ndarray, ...]) -> Iterator[Part]:
        """Counts a batch; passes on what is more than a worker keeps."""
        for kind, values in enumerate(batch):
            counted = pa.array(values, pa.binary()).value_counts()
            columns = [counted.field("values"), counted.field("counts")]
            self._waiting.setdefault(kind, []).append(pa.Table.from_arrays(columns, schema=_SCHEMA))
            self._rows[kind] = self._rows.get(kind, 0) + len(counted)
            if self._rows[kind] > _WAITING:
                yield from self._merge(kind)

    def finish_bundle(self) -> Iterator[Any]:
        """Passes on the rest."""
        everywhere = window.GlobalWindow()
        for kind, tables in self._waiting.items():
            for part in sharded(kind, merged(tables)):
                yield WindowedValue(part, everywhere.max_timestamp(), (everywhere,))
        self._waiting = {}

    def _merge(self, kind: int) -> Iterator[Part]:
        table = merged(self._waiting.pop(kind))
        self._rows[kind] = 0
        if len(table) > _KEPT:
            yield from sharded(kind, table)
        else:
            self._waiting[kind] = [table]


class MergeParts(beam.PTransform):
    """`Part`s to one of each kind and shard."""

    def __repr__(self) -> str:
        """Without an address: it is part of the keys of tf.Transform's analyzer cache."""
        return type(self).__name__

    def expand(self, parts: beam.PCollection) -> beam.PCollection:
        """Groups by kind and shard, and adds up."""
        return (
            parts
            | "Key" >> beam.Map(lambda part: ((part[0], part[1]), part[2]))
            | "Group" >> beam.GroupByKey()
            | "Add" >> beam.MapTuple(_added)
        )


def sharded(kind: int, table: pa.Table) -> Iterator[Part]:
    """Cuts a table into one for each shard that it has values of."""
    hashes = pd.util.hash_array(table[VALUE].to_numpy(), categorize=False)
    shards = (hashes % _SHARDS).astype(np.int64)
    for shard in range(_SHARDS):
        rows = np.flatnonzero(shards == shard)
        if len(rows):
            yield Part(kind, shard, _packed(table.take(rows)))


def merged(tables: Iterable[pa.Table]) -> pa.Table:
    """Adds the counts of each value."""
    joined = pa.concat_tables([_SCHEMA.empty_table(), *tables])
    summed = joined.group_by(VALUE).aggregate([(COUNT, "sum")])
    return pa.Table.from_arrays([summed[VALUE], summed[f"{COUNT}_sum"]], schema=_SCHEMA)


def tables_of(parts: Iterable[Part], kind: int) -> pa.Table:
    """Joins the parts of a kind, which hold each value once."""
    return pa.concat_tables(
        [_SCHEMA.empty_table(), *(_unpacked(p[2]) for p in parts if p[0] == kind)]
    )


def _added(key: tuple[int, int], packed: Iterable[bytes]) -> Part:
    table = _SCHEMA.empty_table()
    for one in packed:
        table = merged([table, _unpacked(one)])
    return Part(*key, _packed(table))


def _packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, _SCHEMA) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _unpacked(packed: bytes) -> pa.Table:
    return pa.ipc.open_stream(packed).read_all()
