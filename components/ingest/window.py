"""A window of spans: each is ingested once, and what a later one or a list replaces is left out.

The records of span 3 lie in `output/span-00003`, as those of an ingest without spans do in
`output`. There, the manifest names the spans of the window, and `dropped-00003.npy` says what is
left out of one. No span is written again because another one is added.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
from typing import Any

from apache_beam.io.filesystems import FileSystems

from components.ingest import (
    composition,
    deletions,
    destination,
    job,
    kept,
    manifest,
    records,
    spans,
)
from components.ingest import pids as pid_files
from components.ingest.composition import Part, Records
from components.ingest.errors import IngestError
from components.ingest.manifest import IngestResult, Manifest
from components.ingest.options import IngestOptions
from components.ingest.pids import Pids
from schema.documents import CountsError
from schema.splits import SplitConfig

_LOGGER = logging.getLogger("segue.ingest")


@dataclasses.dataclass(frozen=True)
class Window:
    """Which spans are read.

    Attributes:
        span: the number of the last one, or "latest".
        count: how many; None: all.
        deletions: path of a list of pids to leave out; "" for none.
    """

    span: str = spans.LATEST
    count: int | None = 1
    deletions: str = ""

    def is_of(self, input: str) -> bool:
        """Whether an input is read in spans; a list makes one span of an input without any."""
        return spans.has_spans(input) or bool(self.deletions)


@dataclasses.dataclass(frozen=True)
class Plan:
    """What an ingest of a window would do.

    Attributes:
        input: the path with the numbers of the spans.
        spans: number, path and fingerprint of each.
        deleted: pids to leave out.
        notes: what is unusual, in words.
    """

    input: str
    spans: tuple[tuple[int, str, str], ...]
    deleted: Pids
    notes: tuple[str, ...]

    @property
    def made_from(self) -> dict[str, Any]:
        """What the window's records depend on."""
        return _made_from({number: print_ for number, _, print_ in self.spans}, self.deleted)


def plan(
    input: str,
    output: str,
    options: IngestOptions,
    split: SplitConfig,
    source_hash: str,
    *,
    window: Window,
) -> Plan:
    """Looks at the input and at what lies in `output`; the arguments are those of `ingest`.

    A span whose slices are gone is read from the records that an earlier ingest left, and told.

    Raises:
        IngestError: when a span has no slices and no usable records, or the list cannot be read.
    """
    deleted = deletions.read(window.deletions)
    if not spans.has_spans(input):
        planned = job.plan(
            input, records.folder(output, 0), options, split, source_hash, with_pids=True
        )
        return Plan(input, ((0, _path(planned, input), planned.fingerprint),), deleted, ())
    there = spans.find(input)

    @functools.cache
    def planned_of(number: int) -> job.Plan:
        path, place = spans.with_numbers(input, [there[number]]), records.folder(output, number)
        try:
            return job.plan(path, place, options, split, source_hash, with_pids=True)
        except IngestError as error:
            raise IngestError(f"span {number}: {error}") from error

    left = kept.find(output, input, there, lambda number: planned_of(number).made_from)
    numbers = spans.choose(input, window.span, window.count, there, left)
    found = []
    for number in numbers:
        if number not in there:
            place = records.folder(output, number)
            found.append((number, *kept.stand_in(number, place, left[number], split, source_hash)))
            continue
        path, planned = spans.with_numbers(input, [there[number]]), planned_of(number)
        # Absolute, so that a later run knows it again, wherever that one is started.
        found.append((number, _path(planned, spans.absolute(path)), planned.fingerprint))
    written = [there.get(number, str(number)) for number in numbers]
    notes = _notes(numbers, window, there, left)
    return Plan(spans.with_numbers(input, written), tuple(found), deleted, notes)


def ingest(
    planned: Plan,
    output: str,
    options: IngestOptions,
    split: SplitConfig,
    *,
    source_hash: str,
    run_id: str,
    beam_pipeline_args: list[str] | None = None,
) -> IngestResult:
    """Ingests those spans that are not there yet, and finds what is left out of each.

    Args:
        planned: what `plan` gave.
        output: the directory to write to, local or remote.
        options: as of `job.ingest`, for each span.
        split: the buckets of each split.
        source_hash: hash of this code.
        run_id: names this ingest in its manifest.
        beam_pipeline_args: options of the Beam pipelines.

    Returns:
        The counts of what the window takes.

    Raises:
        IngestError: as `job.ingest` does, but for a span without playlists, and where no span has
            any that is left; the message names the span.
        InUseError: when another command writes to `output`.
    """
    results, written = {}, []
    for number, path, print_ in planned.spans:
        place = records.folder(output, number)
        try:
            results[number] = job.ingest(
                path,
                place,
                options,
                split,
                source_hash=source_hash,
                fingerprint=print_,
                with_pids=True,
                beam_pipeline_args=beam_pipeline_args,
            )
        except IngestError as error:
            raise IngestError(f"span {number}: {error}") from error
        found = manifest.read(place)
        if found is None:
            raise IngestError(f"span {number}: another command writes to {place}")
        written.append(Records(number, place, found))
    prints = {span.number: manifest.fingerprint(span.manifest.made_from) for span in written}
    made_from = _made_from(prints, planned.deleted)
    standing = records.load(output, manifest.fingerprint(made_from))
    if standing is not None and all(result.skipped for result in results.values()):
        told = {name: {**span, "ingested": 0} for name, span in standing.result.spans.items()}
        notes = list(planned.notes)
        return dataclasses.replace(standing.result, skipped=True, spans=told, notes=notes)
    composed = composition.compose(written, planned.deleted)
    result = _result(results, composed, planned.notes)
    if not result.playlists:
        raise IngestError(
            f"no playlist is left in span {', '.join(result.spans)}: {result.read:,} records read, "
            f"{sum(result.rejects.values()):,} set aside, {result.deleted:,} deleted"
        )
    try:
        result.counts.check()
    except CountsError as error:
        raise IngestError(f"spans {', '.join(result.spans)}: {error}") from error
    with destination.staging(output) as root:
        for number, part in composed.items():
            if len(part.dropped):
                place = FileSystems.join(root, "all", records.dropped_name(number))
                pid_files.write(place, part.dropped.astype("<i8"))
        done = Manifest(planned.input, run_id, made_from, destination.settle(root), result)
        manifest.save(root, done)
        destination.replace(root, output)
    for note in planned.notes:
        _LOGGER.warning("%s", note)
    return result


def _made_from(prints: dict[int, str], deleted: Pids) -> dict[str, Any]:
    return {
        records.SPANS: {str(number): print_ for number, print_ in prints.items()},
        "deletions": deletions.digest(deleted),
    }


def _path(planned: job.Plan, path: str) -> str:
    """What was read to make the records; a copy of it elsewhere gives the same."""
    return path if planned.finished is None else planned.finished.input


def _notes(
    numbers: list[int], window: Window, there: dict[int, str], left: dict[int, Manifest]
) -> tuple[str, ...]:
    notes = []
    if window.count is not None and len(numbers) < window.count:
        notes.append(f"{len(numbers)} of {window.count} spans are there")
    if gaps := spans.missing(numbers):
        notes.append(f"there is no span {gaps}")
    if gone := [str(number) for number in numbers if number not in there]:
        notes.append(f"the slices of span {', '.join(gone)} are gone, the records were kept")
    if window.span == spans.LATEST and left and max(left) > numbers[-1]:
        notes.append(f"span {max(left)}, which was read before, is gone")
    return tuple(notes)


def _result(
    results: dict[int, IngestResult], composed: dict[int, Part], notes: tuple[str, ...]
) -> IngestResult:
    total = IngestResult(0, 0, 0, {}, notes=list(notes))
    for number, result in results.items():
        part = composed[number]
        total.spans[str(number)] = {
            "read": result.playlists,
            "playlists": sum(part.splits.values()),
            "updated": part.updated,
            "deleted": part.deleted,
            "ingested": int(not result.skipped),
        }
        for sums, more in (
            (total.rejects, result.rejects),
            (total.entries_rejected, result.entries_rejected),
            (total.left_out, result.left_out),
            (total.splits, part.splits),
            (total.entries, part.entries),
        ):
            for key, count in more.items():
                sums[key] = sums.get(key, 0) + count
        total.unreadable.update(result.unreadable)
    read, taken = results.values(), composed.values()
    return dataclasses.replace(
        total,
        playlists=sum(total.splits.values()),
        tracks=sum(total.entries.values()),
        files=sum(result.files for result in read),
        read=sum(result.read for result in read),
        entries_read=sum(result.entries_read for result in read),
        updated=sum(part.updated for part in taken),
        deleted=sum(part.deleted for part in taken),
        entries_updated=sum(part.entries_updated for part in taken),
        entries_deleted=sum(part.entries_deleted for part in taken),
    )
