"""A batch of Beam from events to rows by listener: sorted into runs, then a bucket at a time."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.options.pipeline_options import PipelineOptions

from listening.features import sorting, window
from listening.features.finishing import Built
from listening.features.window import Window

#: Makes rows, and how many copies were left out, of all events of some listeners.
MakesRows = Callable[[pa.Table], tuple[pa.Table, int]]


@dataclasses.dataclass(frozen=True)
class ListenersBuilt(Built):
    """What was built of listeners' events.

    Attributes:
        listeners: rows.
        events: of the hours that were read, of all types.
        copies: of events of the types that count, those that repeat another one.
    """

    listeners: int
    events: int
    copies: int


def write_rows(
    found: Window,
    columns: Sequence[str],
    make: MakesRows,
    scratch: str,
    beam_args: Sequence[str],
    *,
    kinds: Collection[str] = (),
) -> int:
    """Writes a file of rows for each bucket of listeners.

    Args:
        found: the events.
        columns: of them that are read.
        make: what makes rows of a bucket's events.
        scratch: where runs and rows are written.
        beam_args: of a runner that reaches the directories.
        kinds: types of events; all where it is empty.

    Returns:
        How many copies were left out.
    """
    buckets = sorting.buckets_for(found.rows)
    counted = os.path.join(scratch, "copies")
    sort = _Sort(scratch, (found.start, found.end), columns, kinds, buckets)
    with beam.Pipeline(options=PipelineOptions(list(beam_args))) as pipeline:
        runs = (
            pipeline
            | "Files" >> beam.Create(found.batches)
            | "SpreadFiles" >> beam.Reshuffle()
            | "Sort" >> beam.Map(sort)
        )
        _ = (
            pipeline
            | "Buckets" >> beam.Create(range(buckets))
            | "SpreadBuckets" >> beam.Reshuffle()
            # The runs are a side input: no bucket is read before all of them are there.
            | "Rows" >> beam.Map(_Rows(scratch, make), beam.pvalue.AsList(runs))
            | "Copies" >> beam.CombineGlobally(sum)
            | "Told" >> beam.Map(_Told(counted))
        )
    with open(counted, encoding="utf-8") as file:
        return int(file.read())


def read_rows(scratch: str) -> Iterator[pa.Table]:
    """The rows that were written, bucket after bucket, so in the order of pseudonyms."""
    for name in sorted(name for name in os.listdir(scratch) if name.endswith(".parquet")):
        yield pq.read_table(os.path.join(scratch, name))


def write_bucket(scratch: str, bucket: int, rows: pa.Table) -> None:
    """Writes the rows of a bucket where `read_rows` finds them."""
    pq.write_table(rows, os.path.join(scratch, f"rows-{bucket:05d}.parquet"))


class _Sort:
    """Sorts the events of a batch of files by listener."""

    def __init__(
        self,
        scratch: str,
        span: tuple[int, int],
        columns: Sequence[str],
        kinds: Collection[str],
        buckets: int,
    ) -> None:
        self._scratch, self._span, self._buckets = scratch, span, buckets
        self._columns, self._kinds = columns, kinds

    def __call__(self, files: Sequence[str]) -> str:
        table = window.read_batch(files, self._span, self._columns, self._kinds)
        name = window.run_name(files)
        return sorting.write_run(self._scratch, name, table, "listener_id", self._buckets)


class _Rows:
    """Makes the rows of a bucket."""

    def __init__(self, scratch: str, make: MakesRows) -> None:
        self._scratch, self._make = scratch, make

    def __call__(self, bucket: int, runs: Sequence[str]) -> int:
        rows, copies = self._make(sorting.read_bucket(runs, bucket))
        write_bucket(self._scratch, bucket, rows)
        return copies


class _Told:
    """Leaves a number in a file."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __call__(self, number: Any) -> None:
        with open(self._path, "w", encoding="utf-8") as file:
            file.write(str(int(number)))
