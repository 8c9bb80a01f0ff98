"""Reads a request log with Beam: counts, and TFDV's statistics of what was asked."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import json
import os
import threading
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import apache_beam as beam
import pyarrow as pa
import tensorflow as tf
import tensorflow_data_validation as tfdv
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.utils import shared

from components.ingest import tfrecords
from pipeline.recommend import known_tracks, load_model
from pipeline.skew.counts import Counts
from pipeline.skew.logged import BadRecordError, LoggedRequest, read_record
from schema import features
from schema.layout import PART
from serving.protocol import version_files

#: The periods, which are TFDV's slices too.
BEFORE, AFTER = "before", "after"
#: Features that only logs have; names of numbers, beside `features.NAME` and `features.TRACK_URI`.
NUM_SEEDS, TITLE_LENGTH = features.NUM_SEEDS, "title_length"

_PERIOD: Final = "period"
_ROWS_AT_ONCE: Final = 1000
_TRACKS_AT_ONCE: Final = 4096
_COUNTS, _BATCHES, _SEEDS = "counts", "batches", "seeds"
_SCHEMA: Final = pa.schema(
    [
        (_PERIOD, pa.list_(pa.binary())),
        (features.NAME, pa.list_(pa.binary())),
        (features.TRACK_URI, pa.list_(pa.binary())),
        (NUM_SEEDS, pa.list_(pa.int64())),
        (TITLE_LENGTH, pa.list_(pa.int64())),
    ]
)


class LogNotFoundError(ValueError):
    """No file of a log is where it should be."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """What to read.

    Attributes:
        files: paths of files and the period of each; where all are "after", `split_second` tells.
        split_second: what was logged before it is of the earlier period; 0 where files tell.
        model_base: directory of the versions that know tracks.
        max_age_days: age of a version that is old; None for none.
        released: second of the last release; 0 without one.
        work: directory for results, which all workers reach.
    """

    files: Sequence[tuple[str, str]]
    split_second: int
    model_base: str
    max_age_days: float | None
    released: int
    work: str


def find_files(pattern: str) -> list[str]:
    """The complete files of a log, by name.

    Args:
        pattern: a file, a pattern or a directory, on any file system of TensorFlow.

    Raises:
        LogNotFoundError: there is none.
    """
    try:
        if tf.io.gfile.isdir(pattern):  # its name may have the characters of a pattern
            names = tf.io.gfile.listdir(pattern)
            found = sorted(os.path.join(pattern, name.rstrip("/")) for name in names)
        elif tf.io.gfile.exists(pattern):
            found = [pattern]
        else:
            found = sorted(tf.io.gfile.glob(pattern))
    except tf.errors.OpError as error:
        raise LogNotFoundError(f"{pattern}: {error.message}") from error
    found = [path for path in found if not path.endswith(PART) and not tf.io.gfile.isdir(path)]
    if not found:
        raise LogNotFoundError(f"{pattern}: there is no file of a request log")
    return found


def middle_second(files: Sequence[str], options: PipelineOptions, work: str) -> int:
    """The second that half of the records were logged before; 0 where none has a time."""
    path = os.path.join(work, "seconds.json")
    with beam.Pipeline(options=options) as pipeline:
        _ = (
            pipeline
            | "Files" >> beam.Create(files)
            | "Spread" >> beam.Reshuffle()
            | "Seconds" >> beam.Map(_seconds)
            | "Add" >> beam.CombineGlobally(_add_counters)
            | "Json" >> beam.Map(lambda counts: json.dumps(sorted(counts.items())))
            | "Write" >> beam.io.WriteToText(path, shard_name_template="")
        )
    counted = json.loads(_read(path))
    total, so_far = sum(count for _, count in counted), 0
    for second, count in counted:
        if so_far + count > total / 2:
            # The half that is nearer: a second is not divided.
            return second if so_far else second + 1
        so_far += count
    return 0


def run(plan: Plan, options: PipelineOptions) -> tuple[Mapping[str, Counts], Any]:
    """Reads the log.

    Returns:
        Counts by period, and a DatasetFeatureStatisticsList with a dataset for each period that has
        playlists and one of all.
    """
    handle = shared.Shared()
    counts, statistics = (os.path.join(plan.work, name) for name in ("counts", "statistics.pb"))
    with beam.Pipeline(options=options) as pipeline:
        read = (
            pipeline
            | "Files" >> beam.Create(plan.files)
            | "Spread" >> beam.Reshuffle()
            | "Read" >> beam.ParDo(_Read(plan)).with_outputs(_COUNTS, _BATCHES, _SEEDS)
        )
        known = (
            read[_SEEDS]
            | "Add seeds" >> beam.CombinePerKey(sum)  # type: ignore[arg-type]
            | "Batch" >> beam.BatchElements(max_batch_size=_TRACKS_AT_ONCE)
            | "Known" >> beam.ParDo(_Known(plan.model_base, handle))
        )
        _ = (
            (read[_COUNTS], known)
            | "Counts" >> beam.Flatten()
            | "Add" >> beam.CombinePerKey(_merge)  # type: ignore[arg-type]
            | "Json" >> beam.MapTuple(lambda period, found: f"{period} {found.to_json()}")
            | "Write counts" >> beam.io.WriteToText(counts, shard_name_template="")
        )
        _ = (
            read[_BATCHES]
            | "Statistics"
            >> tfdv.GenerateStatistics(tfdv.StatsOptions(experimental_slice_functions=[_by_period]))
            | "Write statistics" >> tfdv.WriteStatisticsToBinaryFile(statistics)
        )
    # Lets go of the models: at Python's end TensorFlow could not free them any more.
    handle.acquire(_Models, tag="none")
    by_period = {}
    for line in _read(counts).decode().splitlines():
        period, _, found = line.partition(" ")
        by_period[period] = Counts.from_json(found)
    return by_period, tfdv.load_stats_binary(statistics)


def scan(path: str) -> Iterator[bytes | tfrecords.Damage]:
    """The records of a file, gzipped or not, and what stands in the place of broken ones."""
    packed = path.endswith(".gz")
    with tfrecords.open_gzip(path) if packed else _open(path) as stream:
        try:
            yield from tfrecords.scan_records(stream)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            yield tfrecords.Damage.TRUNCATED


class _Read(beam.DoFn):
    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def process(self, file: tuple[str, str]) -> Iterator[Any]:
        path, period = file
        counts = {AFTER: Counts(), BEFORE: Counts()}
        counts[period].files += 1
        rows: list[tuple[str, LoggedRequest]] = []
        waiting = 0
        for record in scan(path):
            counts[period].records += 1
            try:
                if isinstance(record, tfrecords.Damage):
                    raise BadRecordError(record.value)
                request = read_record(record)
            except BadRecordError as error:
                counts[period].broken[error.reason] += 1
                continue
            own = period
            if 0 < request.second < self._plan.split_second:
                own = BEFORE
            counts[own].add(request, self._plan.max_age_days, self._plan.released)
            rows.append((own, request))
            waiting += len(request.playlists)
            if waiting >= _ROWS_AT_ONCE:
                yield from self._described(rows)
                rows, waiting = [], 0
        yield from self._described(rows)
        for own, found in counts.items():
            yield beam.pvalue.TaggedOutput(_COUNTS, (own, found))

    def _described(self, rows: Sequence[tuple[str, LoggedRequest]]) -> Iterator[Any]:
        seeds: Counter[tuple[str, int, bytes]] = Counter()
        columns: dict[str, dict[str, list[Any]]] = {}
        for period, request in rows:
            for playlist in request.playlists:
                seeds.update((period, request.version, uri) for uri in playlist.seeds)
                title, length = playlist.title, len(playlist.title.decode("utf-8", "replace"))
                values = (
                    [period.encode()],
                    [title] if title else None,
                    list(playlist.seeds) or None,
                    [len(playlist.seeds)],
                    [length] if title else None,
                )
                found = columns.setdefault(period, {name: [] for name in _SCHEMA.names})
                for name, value in zip(_SCHEMA.names, values, strict=True):
                    found[name].append(value)
        for found in columns.values():
            batch = pa.RecordBatch.from_pydict(found, schema=_SCHEMA)
            yield beam.pvalue.TaggedOutput(_BATCHES, batch)
        for key, count in seeds.items():
            yield beam.pvalue.TaggedOutput(_SEEDS, (key, count))


def _by_period(batch: pa.RecordBatch) -> Iterable[tuple[str, pa.RecordBatch]]:
    """Slices for TFDV: a batch is of one period."""
    yield batch.column(0)[0].as_py()[0].decode(), batch


class _Models:
    """The versions that are asked which tracks they know; a process shares them."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}
        self._lock = threading.Lock()

    def known(self, path: str, uris: Sequence[bytes]) -> set[bytes] | None:
        """Those of the tracks that a version knows; None where it is not there, or damaged."""
        with self._lock:
            if path not in self._loaded:
                self._loaded[path] = None
                if version_files.is_whole(path):
                    with contextlib.suppress(ValueError):  # it is damaged
                        self._loaded[path] = load_model(path)
            loaded = self._loaded[path]
        return None if loaded is None else known_tracks(loaded, uris)


class _Known(beam.DoFn):
    def __init__(self, model_base: str, handle: shared.Shared) -> None:
        self._model_base = model_base
        self._handle = handle

    def process(
        self, batch: Sequence[tuple[tuple[str, int, bytes], int]]
    ) -> Iterator[tuple[str, Counts]]:
        found: dict[str, Counts] = {}
        for version in {version for (_, version, _), _ in batch}:
            asked = [(key, count) for key, count in batch if key[1] == version]
            path = os.path.join(self._model_base, str(version))
            models = self._handle.acquire(_Models)
            known = models.known(path, sorted({uri for (_, _, uri), _ in asked}))
            if known is None:
                continue
            for (period, _, uri), count in asked:
                counts = found.setdefault(period, Counts())
                counts.checked[version] += count
                counts.known[version] += count * (uri in known)
        yield from found.items()


def _merge(found: Iterable[Counts]) -> Counts:
    return Counts().merge(found)


def _seconds(path: str) -> Counter[int]:
    counts: Counter[int] = Counter()
    for record in scan(path):
        if not isinstance(record, tfrecords.Damage):
            try:
                second = read_record(record).second
            except BadRecordError:
                continue
            if second:
                counts[second] += 1
    return counts


def _add_counters(counters: Iterable[Counter[int]]) -> Counter[int]:
    total: Counter[int] = Counter()
    for counter in counters:
        total.update(counter)
    return total


def _open(path: str) -> Any:
    return FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)


def _read(path: str) -> bytes:
    with _open(path) as stream:
        return stream.read()
