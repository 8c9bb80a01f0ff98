"""Builds `listening_history` in a batch of Beam: events sorted by listener, then rows by bucket."""

from __future__ import annotations

import dataclasses
import datetime
import os
from collections.abc import Sequence
from typing import Any, Final

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.options.pipeline_options import PipelineOptions

from listening.features import partitions, sorting, window
from listening.features.catalogue import track_facts
from listening.features.finishing import Built, finish
from listening.features.history.columns import COLUMNS, history_rows
from listening.features.window import Window
from schema.tables import WINDOWS

VIEW: Final = "listening_history"


@dataclasses.dataclass(frozen=True)
class HistoryOptions:
    """How much of the past is read, and how much a row holds.

    Attributes:
        days: before the cut that are read; at least the longest window.
        seeds: of the last tracks, at most.
        top: of artists, and of genres, at most.

    Raises:
        ValueError: a number is too small.
    """

    days: int = 90
    seeds: int = 100
    top: int = 20

    def __post_init__(self) -> None:
        for name, least in (("days", WINDOWS[-1]), ("seeds", 1), ("top", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}: {getattr(self, name)} is below {least}")


@dataclasses.dataclass(frozen=True)
class HistoryBuilt(Built):
    """What was built.

    Attributes:
        listeners: rows.
        events: that were read.
        copies: of them that repeat another one.
    """

    listeners: int
    events: int
    copies: int


def build(
    events: str,
    features: str,
    as_of: datetime.datetime | None = None,
    tracks: str | None = None,
    options: HistoryOptions | None = None,
    *,
    beam_args: Sequence[str] = ("--runner=DirectRunner",),
) -> HistoryBuilt:
    """Builds the partition of a cut, in place of an earlier version.

    Memory holds a bucket of listeners at a time, beside what is needed of the table of tracks.

    Args:
        events: a directory of landed events.
        features: the directory of features.
        as_of: the cut, a whole hour of UTC; the beginning of the newest event's hour by default.
        tracks: the table of tracks; None: artists and genres are not known.
        options: the defaults where there are none.
        beam_args: of a runner that reaches the directories.

    Raises:
        InUseError: another command builds it.
        SeriousAnomalyError: the rows are not what the curated schema says.
        ValueError: no event from before the cut has landed, or an input cannot be read.
        OSError: `features` cannot be written to.
    """
    settings = options or HistoryOptions()
    cut = as_of or window.default_cut(events)
    with partitions.building(features, VIEW, cut) as draft:
        found = window.window(events, cut, settings.days)
        if tracks is not None:
            track_facts(tracks)  # a table that cannot be read ends it here
        with window.read_from(events, found):
            copies = _run(found, tracks, settings, draft.scratch, beam_args)
        parts = sorted(name for name in os.listdir(draft.scratch) if name.endswith(".parquet"))
        read = (pq.read_table(_in(draft.scratch, name)) for name in parts)
        finished = finish(draft, read)
    return HistoryBuilt(
        draft.partition, draft.changed, finished.warnings, finished.rows, found.rows, copies
    )


def _run(
    found: Window, tracks: str | None, options: HistoryOptions, scratch: str, args: Sequence[str]
) -> int:
    """Writes a file of rows for each bucket.

    Returns:
        How many copies were left out.
    """
    buckets = sorting.buckets_for(found.rows)
    counted = os.path.join(scratch, "copies")
    sort = _Sort(scratch, (found.start, found.end), buckets)
    rows = _Rows(scratch, found.end, tracks, options)
    with beam.Pipeline(options=PipelineOptions(list(args))) as pipeline:
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
            | "Rows" >> beam.Map(rows, beam.pvalue.AsList(runs))
            | "Copies" >> beam.CombineGlobally(sum)
            | "Told" >> beam.Map(_Told(counted))
        )
    with open(counted, encoding="utf-8") as file:
        return int(file.read())


class _Sort:
    """Sorts the events of a batch of files by listener."""

    def __init__(self, scratch: str, span: tuple[int, int], buckets: int) -> None:
        self._scratch, self._span, self._buckets = scratch, span, buckets

    def __call__(self, files: Sequence[str]) -> str:
        table = window.read_batch(files, self._span, COLUMNS, ())
        name = window.run_name(files)
        return sorting.write_run(self._scratch, name, table, "listener_id", self._buckets)


class _Rows:
    """Makes the rows of a bucket."""

    def __init__(self, scratch: str, cut: int, tracks: str | None, options: HistoryOptions) -> None:
        self._scratch, self._cut, self._tracks, self._options = scratch, cut, tracks, options

    def __call__(self, bucket: int, runs: Sequence[str]) -> int:
        table: pa.Table = sorting.read_bucket(runs, bucket)
        facts = track_facts(self._tracks)
        rows, copies = history_rows(table, self._cut, facts, self._options.seeds, self._options.top)
        pq.write_table(rows, _in(self._scratch, f"rows-{bucket:05d}.parquet"))
        return copies


class _Told:
    """Leaves a number in a file."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __call__(self, number: Any) -> None:
        with open(self._path, "w", encoding="utf-8") as file:
            file.write(str(int(number)))


def _in(folder: str, name: str) -> str:
    return os.path.join(folder, name)
