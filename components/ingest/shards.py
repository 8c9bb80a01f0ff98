"""The Beam transforms of ingest.

One element is one shard: a worker reads its slices one after the other and writes its shard as it
goes, a file for each split. So memory is bounded by one slice a worker, no record passes through a
shuffle, and the output does not depend on the runner. Only pids are grouped, to find those that
occur twice; the files that hold such playlists, usually none, are then written again without them.
"""

from __future__ import annotations

import contextlib
import copy
import json
import logging
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, Final, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from components.ingest import counts as shard_counts
from components.ingest import examples, tfrecords
from components.ingest import pids as pid_files
from components.ingest.counts import Counts
from components.ingest.names import duplicates_name, playlists_name, rejects_name
from components.ingest.reading import UnreadableFileError, read_slice
from components.ingest.reasons import Reason
from components.ingest.validation import Playlist, Reject, entries_of, validate
from schema.splits import SPLITS, SplitConfig
from schema.track_uris import LEFT_OUT

_LOGGER = logging.getLogger("segue.ingest")

_PID_BUCKETS: Final = 64
_DONE, _DUPLICATES = "done", "duplicates"


class Staging(NamedTuple):
    """Where a running ingest writes, by number of the shard. Everything is moved when it ends."""

    root: str
    shards: int
    with_pids: bool = False  # whether to list the playlists of each file beside it

    def shard(self, split: str, index: int) -> str:
        """What a shard's first writing gives of a split."""
        return FileSystems.join(self.root, "all", playlists_name(split, index, self.shards))

    def deduplicated(self, split: str, index: int) -> str:
        """The same without duplicates, where it has any."""
        return FileSystems.join(self.root, "unique", playlists_name(split, index, self.shards))

    def pids(self, split: str, index: int) -> str:
        """The playlists of a shard's first writing."""
        return FileSystems.join(self.root, "all", pid_files.name(split, index, self.shards))

    def deduplicated_pids(self, split: str, index: int) -> str:
        """The same without duplicates, where it has any."""
        return FileSystems.join(self.root, "unique", pid_files.name(split, index, self.shards))

    def rejects(self, index: int) -> str:
        """What a shard's first writing set aside, where it did."""
        return FileSystems.join(self.root, "rejects", rejects_name(index, self.shards))

    def duplicates(self, index: int) -> str:
        """The duplicates that were set aside, where there are any."""
        return FileSystems.join(self.root, "rejects", duplicates_name(index, self.shards))

    def counts(self, index: int) -> str:
        """What a shard holds, written when it is complete."""
        return FileSystems.join(self.root, "counts", f"counts-{index:05d}.json")


class Shard(NamedTuple):
    """A shard to write: its number, and of its slices number, path, name in an archive, MD5."""

    number: int
    files: tuple[tuple[int, str, str, str], ...]


class Place(NamedTuple):
    """Where a playlist came from and went to; the first of a pid's is the one that stays."""

    file: int
    position: int  # in the file's playlists
    record: int  # in the shard's file of its split
    tracks: int  # of the playlist
    split: str
    left_out: tuple[tuple[str, int], ...] = ()  # of its entries and texts, by kind


class WriteShards(beam.PTransform):
    """Writes shards and their rejects, and what each shard holds.

    Args:
        staging: where to write.
        names: the slices' names, by their number.
        split: gives each playlist its split, but for listeners, who say theirs.
        most: bytes that a slice may have, unpacked.
    """

    def __init__(self, staging: Staging, names: list[str], split: SplitConfig, most: int) -> None:
        super().__init__()
        self._most = most
        self._staging = staging
        self._names = names
        self._split = split

    def expand(self, shards: beam.PCollection) -> beam.PCollection:
        """Turns a collection of `Shard`s into one of their numbers, once they are complete."""
        written = shards | "Write" >> beam.ParDo(
            _WriteShard(self._staging, self._names, self._split, self._most)
        ).with_outputs(_DONE, main="pids")
        duplicates = (
            written["pids"]
            | "GroupPids" >> beam.GroupByKey()
            | "FindDuplicates" >> beam.FlatMapTuple(_find_duplicates)
        )
        return (
            {_DONE: written[_DONE], _DUPLICATES: duplicates}
            | "GroupShards" >> beam.CoGroupByKey()
            | "DropDuplicates" >> beam.ParDo(_DropDuplicates(self._staging, self._names))
        )


class _WriteShard(beam.DoFn):
    def __init__(self, staging: Staging, names: list[str], split: SplitConfig, most: int) -> None:
        self._most = most
        self._staging = staging
        self._names = names
        self._split = split

    def process(self, shard: Shard) -> Iterator[Any]:
        index, files = shard
        pids: dict[int, list[tuple[int, Place]]] = defaultdict(list)
        records: Counter[str] = Counter()
        entries: Counter[str] = Counter()
        rows: dict[str, list[tuple[int, int]]] = {split: [] for split in SPLITS}
        counts = Counts()
        with (
            contextlib.ExitStack() as stack,
            _RejectsFile(self._staging.rejects(index), counts) as rejects,
        ):
            outputs = {
                split: stack.enter_context(tfrecords.create_gzip(self._staging.shard(split, index)))
                for split in SPLITS
            }
            for file, *source in files:
                name = self._names[file]
                counts.files += 1
                for position, number, found in _validated(*source, most=self._most):
                    counts.read += 1
                    counts.entries_read += number
                    if isinstance(found, Reject):
                        rejects.add(name, position, found, number)
                        continue
                    split = found.split or self._split.split_of(str(found.pid).encode())
                    tfrecords.write_record(outputs[split], examples.serialize(found))
                    bucket = zlib.crc32(found.pid.to_bytes(8, "little")) % _PID_BUCKETS
                    left_out = tuple(found.left_out.items())
                    record, tracks = records[split], found.num_tracks
                    place = Place(file, position, record, tracks, split, left_out)
                    pids[bucket].append((found.pid, place))
                    records[split] += 1
                    entries[split] += found.num_tracks
                    if self._staging.with_pids:
                        rows[split].append((found.pid, found.num_tracks))
                    counts.leave_out(found.left_out)
                _LOGGER.info("read %s (%d of %d)", name, file + 1, len(self._names))
        if self._staging.with_pids:
            for split, listed in rows.items():
                pid_files.write(self._staging.pids(split, index), pid_files.rows(listed))
        counts.playlists, counts.splits = records.total(), dict(records)
        counts.tracks, counts.entries = entries.total(), dict(entries)
        yield beam.pvalue.TaggedOutput(_DONE, (index, counts))
        for bucket, places in pids.items():
            yield bucket, (index, [(pid, tuple(place)) for pid, place in places])


def _validated(
    path: str, member: str, md5: str, *, most: int
) -> Iterator[tuple[int, int, Playlist | Reject]]:
    """Yields each position of a slice, -1 being the file, its entries, and what happened to it."""
    try:
        playlists = read_slice(path, member, md5, most=most)
    except UnreadableFileError as error:
        yield -1, 0, Reject(Reason.UNREADABLE_FILE, str(error))
        return
    playlists.reverse()
    for position in range(len(playlists)):
        raw = playlists.pop()  # freed as soon as it is written
        yield position, entries_of(raw), validate(raw)


def _find_duplicates(
    _: int, grouped: Iterable[tuple[int, list[tuple[int, tuple[Any, ...]]]]]
) -> Iterator[tuple[int, list[tuple[int, Place, Place]]]]:
    """Yields, by shard, each playlist to drop: its pid, its place, and that of the one to keep."""
    places: dict[int, list[tuple[Place, int]]] = defaultdict(list)
    for shard, found in grouped:
        for pid, place in found:
            places[pid].append((Place(*place), shard))
    dropped: dict[int, list[tuple[int, Place, Place]]] = defaultdict(list)
    for pid, where in places.items():
        (kept, _), *others = sorted(where)
        for place, shard in others:
            dropped[shard].append((pid, place, kept))
    yield from dropped.items()


class _DropDuplicates(beam.DoFn):
    def __init__(self, staging: Staging, names: list[str]) -> None:
        self._staging = staging
        self._names = names

    def process(self, element: tuple[int, dict[str, Iterable[Any]]]) -> Iterator[int]:
        index, joined = element
        (written,) = joined[_DONE]
        counts = copy.deepcopy(written)  # Beam's elements must not change
        dropped = sorted(
            (Place(*place), pid, Place(*kept))
            for found in joined[_DUPLICATES]
            for pid, place, kept in found
        )
        if dropped:
            by_split: dict[str, set[int]] = defaultdict(set)
            for place, _, _ in dropped:
                by_split[place.split].add(place.record)
                counts.entries[place.split] -= place.tracks
            for split, numbers in by_split.items():
                self._rewrite(split, index, numbers)
                counts.splits[split] -= len(numbers)
            with _RejectsFile(self._staging.duplicates(index), counts) as rejects:
                for place, pid, kept in dropped:
                    detail = f"pid {pid} is kept from {self._names[kept.file]}[{kept.position}]"
                    reject = Reject(Reason.DUPLICATE_PID, detail, pid)
                    no_tracks = sum(count for kind, count in place.left_out if kind in LEFT_OUT)
                    number = place.tracks + no_tracks
                    rejects.add(self._names[place.file], place.position, reject, number)
            counts.playlists -= len(dropped)
            for place, _, _ in dropped:
                counts.tracks -= place.tracks
                counts.leave_out({kind: -number for kind, number in place.left_out})
        shard_counts.save(self._staging.counts(index), counts)
        yield index

    def _rewrite(self, split: str, index: int, dropped: set[int]) -> None:
        with (
            tfrecords.open_gzip(self._staging.shard(split, index)) as source,
            tfrecords.create_gzip(self._staging.deduplicated(split, index)) as output,
        ):
            for number, data in enumerate(tfrecords.read_records(source)):
                if number not in dropped:
                    tfrecords.write_record(output, data)
        if self._staging.with_pids:
            rows = pid_files.read(self._staging.pids(split, index))
            kept = np.delete(rows, sorted(dropped))
            pid_files.write(self._staging.deduplicated_pids(split, index), kept)


class _RejectsFile(contextlib.ExitStack):
    """A file of rejects, made with its first line; what it holds is added to a shard's counts."""

    def __init__(self, path: str, counts: Counts) -> None:
        super().__init__()
        self._path = path
        self._counts = counts
        self._stream: BinaryIO | None = None

    def add(self, file: str, position: int, reject: Reject, entries: int) -> None:
        if self._stream is None:
            self._stream = self.enter_context(
                FileSystems.create(self._path, compression_type=CompressionTypes.UNCOMPRESSED)
            )
        line = {
            "file": file,
            "position": None if position < 0 else position,
            "pid": reject.pid,
            "reason": reject.reason.value,
            "detail": reject.detail,
        }
        self._stream.write(json.dumps(line).encode() + b"\n")
        self._counts.reject(reject.reason.value, entries)
        if reject.reason is Reason.UNREADABLE_FILE:
            self._counts.unreadable[file] = reject.detail
