"""The ingest job: MPD slices to TFRecords of Examples by split, rejects set aside."""

from __future__ import annotations

import dataclasses
import itertools
import logging
import os
import shutil
import uuid
from collections import Counter
from pathlib import Path
from typing import Any, Final

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineResult

from components.ingest import manifest
from components.ingest import shards as shard_io
from components.ingest.errors import IngestError
from components.ingest.manifest import IngestResult, Manifest
from components.ingest.options import IngestOptions
from components.ingest.reading import InputFile, is_remote, list_files, match_inputs
from components.ingest.validation import Reason
from schema.splits import SPLITS, SplitConfig

_LOGGER = logging.getLogger("segue.ingest")

#: Names of what is written, as patterns.
PLAYLISTS_PATTERN: Final = "playlists-*-of-*.tfrecord.gz"
REJECTS_PATTERN: Final = "rejects-*.jsonl"
_RESULTS: Final = (PLAYLISTS_PATTERN, REJECTS_PATTERN)

_MIN_SHARDS, _MAX_SHARDS = 8, 1000
_SHARD_BYTES: Final = 64 << 20  # of JSON, which is 5 times the size of its gzip
_GZIP_RATIO: Final = 5
_STAGING_PREFIX: Final = "ingesting-"


@dataclasses.dataclass(frozen=True)
class Plan:
    """What an ingest would do.

    Attributes:
        files: the slices to read, in their order.
        shards: how many files to write a split.
        made_from: what the output depends on, see `manifest.describe`.
        finished: an earlier ingest that did just this, and whose files are all there.
    """

    files: list[InputFile]
    shards: int
    made_from: dict[str, Any]
    finished: Manifest | None

    @property
    def fingerprint(self) -> str:
        """A digest of `made_from`."""
        return manifest.fingerprint(self.made_from)


def plan(
    input: str, output: str, options: IngestOptions, split: SplitConfig, source_hash: str
) -> Plan:
    """Looks at input and output; the arguments are those of `ingest`.

    Raises:
        IngestError: when no slice is found.
    """
    files = match_inputs(input)
    count = _shard_count(files, options.shards)
    made_from = manifest.describe(files, count, split, source_hash)
    return Plan(files, count, made_from, manifest.load(output, made_from))


def ingest(
    input: str,
    output: str,
    options: IngestOptions | None = None,
    split: SplitConfig | None = None,
    *,
    source_hash: str = "",
    run_id: str | None = None,
    beam_pipeline_args: list[str] | None = None,
) -> IngestResult:
    """Reads MPD slices and writes their playlists as gzipped TFRecords of `tf.train.Example`s.

    `output` then holds `playlists-SPLIT-SSSSS-of-NNNNN.tfrecord.gz` of every split,
    `rejects-*.jsonl` where anything was set aside, and `manifest.json`, which is written last. A
    second call with unchanged input, options and code touches nothing.

    Args:
        input: a file, a directory or a pattern; `.json` or `.json.gz`; local, `gs://`, `s3://`.
        output: the directory to write to, local or remote; made where it is missing. Results of
            an earlier ingest in it are replaced, other files left alone.
        options: shards, at most one a slice, and what may be set aside; the defaults where None.
        split: the buckets of each split; the defaults where None.
        source_hash: hash of this code; a change makes a second call write anew.
        run_id: names this ingest in its manifest; made up where None.
        beam_pipeline_args: options of the Beam pipeline; where None, the in-memory DirectRunner.

    Raises:
        IngestError: when no slice is found, no playlist is usable, more is set aside than
            `max_reject_share`, or records got lost on the way.
    """
    options, split = options or IngestOptions(), split or SplitConfig()
    beam_options = PipelineOptions(
        ["--direct_running_mode=in_memory"] if beam_pipeline_args is None else beam_pipeline_args
    )
    FileSystems.set_options(beam_options)
    output = output.rstrip("/") or "/"
    planned = plan(input, output, options, split, source_hash)
    if planned.finished is not None:
        result = dataclasses.replace(planned.finished.result, skipped=True)
        _LOGGER.info("unchanged since the last ingest: %d playlists", result.playlists)
        _raise_if_unusable(result, output, options.max_reject_share)
        return result

    staging = shard_io.Staging(_prepare(output), planned.shards)
    try:
        result = _run(planned.files, staging, split, beam_options)
        _move(staging.root, "rejects", output)
        _raise_if_unusable(result, output, options.max_reject_share)
        _move(staging.root, "all", output)
        _move(staging.root, "unique", output)  # in place of those with duplicates
    finally:
        _delete_tree(staging.root)
    names = sorted(os.path.basename(file.path) for file in list_files(output, _RESULTS))
    done = Manifest(run_id or uuid.uuid4().hex, planned.made_from, names, result)
    manifest.save(output, done)
    return result


def _shard_count(files: list[InputFile], wanted: int | None) -> int:
    if wanted is not None:
        if wanted > len(files):
            _LOGGER.warning("%d shards instead of %d: one a slice is the most", len(files), wanted)
        return min(wanted, len(files))
    size = sum(file.size * (_GZIP_RATIO if file.path.endswith(".gz") else 1) for file in files)
    return min(len(files), max(_MIN_SHARDS, size // _SHARD_BYTES), _MAX_SHARDS)


def _prepare(output: str) -> str:
    """Removes what an earlier ingest left, its manifest first, and returns a place to write to."""
    try:
        if not is_remote(output):
            os.makedirs(output, exist_ok=True)
            for left in Path(output).glob(_STAGING_PREFIX + "*"):
                _delete_tree(str(left))
        for pattern in (manifest.NAME, *_RESULTS):
            FileSystems.delete([file.path for file in list_files(output, [pattern])])
    except OSError as error:  # Beam's own errors are OSErrors too
        raise IngestError(f"cannot write to {output!r}: {error}") from error
    return FileSystems.join(output, _STAGING_PREFIX + uuid.uuid4().hex)


def _run(
    files: list[InputFile], staging: shard_io.Staging, split: SplitConfig, options: PipelineOptions
) -> IngestResult:
    size = sum(file.size for file in files) / 1e6
    _LOGGER.info("reading %d files (%.1f MB) into %d shards", len(files), size, staging.shards)
    bounds = [len(files) * index // staging.shards for index in range(staging.shards + 1)]
    tasks = [
        shard_io.Shard(index, tuple((i, files[i].path) for i in range(start, end)))
        for index, (start, end) in enumerate(itertools.pairwise(bounds))
    ]
    pipeline = beam.Pipeline(options=options)
    _ = (
        pipeline
        | "Shards" >> beam.Create(tasks)
        | "Spread" >> beam.Reshuffle()
        | "Ingest" >> shard_io.WriteShards(staging, [file.path for file in files], split)
    )
    try:
        running = pipeline.run()
        running.wait_until_finish()
    except Exception as error:  # runners have no common error
        raise IngestError(f"the Beam job failed: {error}") from error
    counted = _counters(running)
    result = IngestResult(
        playlists=counted[shard_io.WRITTEN],
        tracks=counted[shard_io.TRACKS],
        files=len(files),
        rejects={
            reason.value: counted[shard_io.REJECTED + reason.value]
            for reason in Reason
            if counted[shard_io.REJECTED + reason.value]
        },
    )
    _raise_if_lost(counted[shard_io.READ], result, staging)
    _LOGGER.info(
        "%d playlists, %d tracks, rejects: %s", result.playlists, result.tracks, result.rejects
    )
    return result


def _counters(running: PipelineResult) -> Counter[str]:
    found = running.metrics().query(MetricsFilter().with_namespace(shard_io.NAMESPACE))
    return Counter({metric.key.metric.name: metric.result for metric in found["counters"]})


def _raise_if_lost(read: int, result: IngestResult, staging: shard_io.Staging) -> None:
    """A runner that loses records must not pass unnoticed."""
    rejected = sum(result.rejects.values())
    if read != result.playlists + rejected:
        raise IngestError(
            f"records were lost: {read} were read, but {result.playlists} written and "
            f"{rejected} set aside; try another Beam runner or running mode"
        )
    written = list_files(FileSystems.join(staging.root, "all"), [PLAYLISTS_PATTERN])
    expected = staging.shards * len(SPLITS)
    if len(written) != expected:
        raise IngestError(f"shards were lost: {len(written)} of {expected} were written")


def _raise_if_unusable(result: IngestResult, output: str, max_reject_share: float) -> None:
    if result.playlists and result.reject_share <= max_reject_share:
        return
    rejected = sum(result.rejects.values())
    reasons = ", ".join(
        f"{count} {reason}"
        for reason, count in sorted(result.rejects.items(), key=lambda item: -item[1])
    )
    where = f"see {FileSystems.join(output, REJECTS_PATTERN)}"
    if not rejected:
        raise IngestError("the input has no playlists")
    if not result.playlists:
        raise IngestError(f"no playlist can be used ({reasons}): {where}")
    raise IngestError(
        f"{rejected} of {result.playlists + rejected} records cannot be used "
        f"({result.reject_share:.1%}, more than the {max_reject_share:.1%} allowed): {reasons}; "
        f"{where}, or allow more with max_reject_share"
    )


def _move(root: str, folder: str, output: str) -> None:
    files = list_files(FileSystems.join(root, folder), _RESULTS)
    targets = [FileSystems.join(output, os.path.basename(file.path)) for file in files]
    if files:
        FileSystems.rename([file.path for file in files], targets)


def _delete_tree(root: str) -> None:
    if is_remote(root):
        files = list_files(root, ["**"])
        FileSystems.delete([file.path for file in files])
    else:
        shutil.rmtree(root, ignore_errors=True)
