"""The ingest job: MPD slices to TFRecords of Examples by split, rejects set aside."""

from __future__ import annotations

import dataclasses
import itertools
import logging
import uuid
from typing import Any, Final

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from components.ingest import counts as shard_counts
from components.ingest import destination, manifest, usable
from components.ingest import shards as shard_io
from components.ingest.counts import Counts
from components.ingest.destination import PLAYLISTS_PATTERN
from components.ingest.errors import IngestError
from components.ingest.finding import InputFile, Inputs, list_files, match_inputs
from components.ingest.manifest import IngestResult, Manifest
from components.ingest.options import IngestOptions
from components.ingest.reasons import Reason
from schema.documents import CountsError
from schema.splits import SPLITS, SplitConfig

_LOGGER = logging.getLogger("segue.ingest")

_MIN_SHARDS, _MAX_SHARDS = 8, 1000
_SHARD_BYTES: Final = 64 << 20  # of JSON, which is 5 times the size of its gzip
_GZIP_RATIO: Final = 5
_MACOS_FILES: Final = "files_of_macos"
_OTHERS: Final = "files_named_otherwise"
_NAMED: Final = 3  # files that a warning names
_GONE: Final = "slices_gone_since_they_were_last_read"
_MISSING: Final = "slices_that_md5sums_lists_but_are_missing"


@dataclasses.dataclass(frozen=True)
class Plan:
    """What an ingest would do.

    Attributes:
        inputs: the slices to read, in their order.
        shards: how many files to write a split.
        made_from: what the output depends on, see `manifest.describe`.
        finished: an earlier ingest that did just this, and whose files are all there.
    """

    inputs: Inputs
    shards: int
    made_from: dict[str, Any]
    finished: Manifest | None

    @property
    def fingerprint(self) -> str:
        """A digest of `made_from`."""
        return manifest.fingerprint(self.made_from)


def plan(
    input: str,
    output: str,
    options: IngestOptions,
    split: SplitConfig,
    source_hash: str,
    *,
    with_pids: bool = False,
) -> Plan:
    """Looks at input and output; the arguments are those of `ingest`.

    Raises:
        IngestError: when no slice is found.
    """
    inputs = match_inputs(input)
    if others := inputs.others:
        named = ", ".join(others[:_NAMED]) + (", ..." if len(others) > _NAMED else "")
        _LOGGER.warning("not read, as slices are named otherwise: %s", named)
    count = _shard_count(inputs.files, options.shards)
    made_from = manifest.describe(inputs.files, count, split, source_hash)
    made_from["max_slice_mib"] = options.max_slice_mib
    if inputs.missing:
        made_from["missing"] = inputs.missing
    if with_pids:
        made_from["pids"] = True
    return Plan(inputs, count, made_from, manifest.load(output, made_from))


def ingest(
    input: str,
    output: str,
    options: IngestOptions | None = None,
    split: SplitConfig | None = None,
    *,
    source_hash: str = "",
    run_id: str | None = None,
    fingerprint: str | None = None,
    with_pids: bool = False,
    beam_pipeline_args: list[str] | None = None,
) -> IngestResult:
    """Reads MPD slices and writes their playlists as gzipped TFRecords of `tf.train.Example`s.

    `output` then holds `playlists-SPLIT-SSSSS-of-NNNNN.tfrecord.gz` of every split,
    `rejects-*.jsonl` where anything was set aside, and `manifest.json`, which is written last. A
    second call with unchanged input, options and code touches nothing, if all files are there in
    the sizes that were written. What an earlier ingest left stays until the new records are all
    there and can be used; of an ingest that fails for what was set aside, `rejects-failed-*.jsonl`
    says what that was.

    Args:
        input: a file, a directory or a pattern; `.json`, `.json.gz` or a `.zip` of them; local,
            `gs://`, `s3://`. Of slices that a file `md5sums` lists, the checksums are compared.
        output: the directory to write to, local or remote; made where it is missing. A local one
            is locked. Results of an earlier ingest in it are replaced, other files left alone.
        options: shards, at most one a slice, and what may be set aside; the defaults where None.
        split: the buckets of each split; the defaults where None.
        source_hash: hash of this code; a change makes a second call write again.
        run_id: names this ingest in its manifest; made up where None.
        fingerprint: that of a `plan`: where its result lies in `output`, `input` is not looked at.
        with_pids: whether to list the playlists of each file beside it, as a window of spans
            needs them; of which one may hold no playlist.
        beam_pipeline_args: options of the Beam pipeline; where None, the in-memory DirectRunner.

    Raises:
        IngestError: when no slice is found, no playlist is usable, more is set aside than
            `max_reject_share`, more slices cannot be read than `max_unreadable_files`, or records
            got lost on the way.
        InUseError: when another command writes to `output`.
    """
    options, split = options or IngestOptions(), split or SplitConfig()
    beam_options = PipelineOptions(
        ["--direct_running_mode=in_memory"] if beam_pipeline_args is None else beam_pipeline_args
    )
    FileSystems.set_options(beam_options)
    output = output.rstrip("/") or "/"
    if fingerprint and (standing := manifest.load_by_fingerprint(output, fingerprint)):
        return _skipped(standing, output, options, with_pids)
    planned = plan(input, output, options, split, source_hash, with_pids=with_pids)
    if planned.finished is not None:
        return _skipped(planned.finished, output, options, with_pids)
    with destination.staging(output) as root:
        finished = manifest.load(output, planned.made_from)
        if finished is not None:  # another ingest made it in the meantime
            return _skipped(finished, output, options, with_pids)
        staged = shard_io.Staging(root, planned.shards, with_pids)
        result = _run(planned.inputs, staged, split, options.max_slice_bytes, beam_options)
        try:
            rejects = FileSystems.join(output, destination.FAILED_PATTERN)
            usable.check(result, options, rejects, may_be_empty=with_pids)
        except IngestError:
            destination.keep_rejects(root, output)
            raise
        if with_pids:
            gone = manifest.gone(output, planned.made_from)
            result.left_out.update({_GONE: len(gone)} if gone else {})
            if gone:
                _LOGGER.warning("slices of the last ingest are gone: %s", ", ".join(gone))
        sizes = destination.settle(root)
        done = Manifest(input, run_id or uuid.uuid4().hex, planned.made_from, sizes, result)
        manifest.save(root, done)  # from here on, the next ingest ends what a kill cuts short
        destination.replace(root, output)
    return result


def _skipped(
    finished: Manifest, output: str, options: IngestOptions, may_be_empty: bool
) -> IngestResult:
    result = dataclasses.replace(finished.result, skipped=True)
    _LOGGER.info("unchanged since the last ingest: %d playlists", result.playlists)
    rejects = FileSystems.join(output, destination.REJECTS_PATTERN)
    usable.check(result, options, rejects, may_be_empty=may_be_empty)
    return result


def _shard_count(files: list[InputFile], wanted: int | None) -> int:
    if wanted is not None:
        if wanted > len(files):
            _LOGGER.warning("%d shards instead of %d: one a slice is the most", len(files), wanted)
        return min(wanted, len(files))
    size = sum(file.size * (_GZIP_RATIO if file.name.endswith(".gz") else 1) for file in files)
    return min(len(files), max(_MIN_SHARDS, size // _SHARD_BYTES), _MAX_SHARDS)


def _run(
    inputs: Inputs,
    staging: shard_io.Staging,
    split: SplitConfig,
    most: int,
    options: PipelineOptions,
) -> IngestResult:
    files = inputs.files
    size = sum(file.size for file in files) / 1e6
    _LOGGER.info("reading %d files (%.1f MB) into %d shards", len(files), size, staging.shards)
    bounds = [len(files) * index // staging.shards for index in range(staging.shards + 1)]
    tasks = [
        shard_io.Shard(
            index,
            tuple((i, files[i].path, files[i].member, files[i].md5) for i in range(start, end)),
        )
        for index, (start, end) in enumerate(itertools.pairwise(bounds))
    ]
    pipeline = beam.Pipeline(options=options)
    _ = (
        pipeline
        | "Shards" >> beam.Create(tasks)
        | "Spread" >> beam.Reshuffle()
        | "Ingest" >> shard_io.WriteShards(staging, [file.name for file in files], split, most)
    )
    try:
        pipeline.run().wait_until_finish()
    except Exception as error:  # runners have no common error
        raise IngestError(f"the Beam job failed: {error}") from error
    shards = shard_counts.load_all(FileSystems.join(staging.root, "counts"))
    counted = Counts()
    for shard in shards:
        counted.add(shard)
    others = len(inputs.others)
    counted.leave_out({_MACOS_FILES: inputs.macos_files, _OTHERS: others, _MISSING: inputs.missing})
    result = IngestResult(
        playlists=counted.playlists,
        tracks=counted.tracks,
        files=counted.files,
        rejects={
            reason.value: counted.rejects[reason.value]
            for reason in Reason
            if reason.value in counted.rejects
        },
        unreadable=counted.unreadable,
        left_out=counted.left_out,
        splits={split: counted.splits.get(split, 0) for split in SPLITS},
        entries={split: counted.entries.get(split, 0) for split in SPLITS},
        read=counted.read,
        entries_read=counted.entries_read,
        entries_rejected=counted.entries_rejected,
    )
    _raise_if_lost(len(shards), len(files), result, staging)
    _LOGGER.info(
        "%d playlists, %d tracks, rejects: %s, left out: %s",
        result.playlists,
        result.tracks,
        result.rejects,
        result.left_out,
    )
    return result


def _raise_if_lost(
    shards: int, files: int, result: IngestResult, staging: shard_io.Staging
) -> None:
    """A runner that loses records must not pass unnoticed."""
    if shards != staging.shards:
        raise IngestError(
            f"shards were lost: {shards} of {staging.shards} are complete; try another Beam "
            "runner or running mode"
        )
    if result.files != files:
        raise IngestError(
            f"slices were lost: {result.files} of {files} were read; try another Beam runner or "
            "running mode"
        )
    try:
        result.counts.check()
    except CountsError as error:
        raise IngestError(f"{error}; try another Beam runner or running mode") from error
    written = list_files(FileSystems.join(staging.root, "all"), [PLAYLISTS_PATTERN])
    expected = staging.shards * len(SPLITS)
    if len(written) != expected:
        raise IngestError(f"files were lost: {len(written)} of {expected} were written")
