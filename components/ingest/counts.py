"""What each shard holds, in a file beside it.

Beam has counters, but not every runner reports those of work that was done and counted once from
those of work that was repeated. A file that is written again says the same.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from components.ingest.finding import list_files

PATTERN: Final = "counts-*.json"
_THREADS: Final = 8  # an object store's answer takes longer than reading it


@dataclasses.dataclass
class Counts:
    """What was read, and what happened to it.

    Attributes:
        files: how many slices were read, or found to be unreadable.
        read: records, a file that cannot be read being one.
        playlists: how many were written.
        tracks: how many entries these have, repeats included.
        rejects: how many were set aside, by reason.
        unreadable: why a slice could not be read, by its path.
        splits: how many playlists each split has.
        left_out: what is left out of valid playlists, by kind: entries that are no tracks, and
            halves of characters.
        entries_read: how many entries of `tracks` the records had, valid or not.
        entries_rejected: how many of them were set aside, by the reason of their playlist.
        entries: how many of them each split has.
    """

    files: int = 0
    read: int = 0
    playlists: int = 0
    tracks: int = 0
    rejects: dict[str, int] = dataclasses.field(default_factory=dict)
    unreadable: dict[str, str] = dataclasses.field(default_factory=dict)
    splits: dict[str, int] = dataclasses.field(default_factory=dict)
    left_out: dict[str, int] = dataclasses.field(default_factory=dict)
    entries_read: int = 0
    entries_rejected: dict[str, int] = dataclasses.field(default_factory=dict)
    entries: dict[str, int] = dataclasses.field(default_factory=dict)

    def reject(self, reason: str, entries: int) -> None:
        """Counts a record that was set aside, with its entries."""
        _add(self.rejects, {reason: 1})
        _add(self.entries_rejected, {reason: entries})

    def add(self, other: Counts) -> None:
        """Adds those of another shard."""
        self.files += other.files
        self.read += other.read
        self.playlists += other.playlists
        self.tracks += other.tracks
        self.entries_read += other.entries_read
        self.unreadable.update(other.unreadable)
        for numbers, more in (
            (self.rejects, other.rejects),
            (self.entries_rejected, other.entries_rejected),
            (self.splits, other.splits),
            (self.entries, other.entries),
        ):
            _add(numbers, more)
        self.leave_out(other.left_out)

    def leave_out(self, numbers: Mapping[str, int]) -> None:
        """Counts what is left out of playlists, by kind; a negative number takes back."""
        _add(self.left_out, numbers)
        self.left_out = {kind: number for kind, number in self.left_out.items() if number}


def _add(numbers: dict[str, int], more: Mapping[str, int]) -> None:
    for name, number in more.items():
        numbers[name] = numbers.get(name, 0) + number


def save(path: str, counts: Counts) -> None:
    """Writes a shard's counts, local or remote."""
    with FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        file.write(json.dumps(dataclasses.asdict(counts)).encode())


def load_all(directory: str) -> list[Counts]:
    """Reads those of all shards that have any, in the order of the shards."""
    paths = sorted(file.path for file in list_files(directory, [PATTERN]))
    with ThreadPoolExecutor(_THREADS) as threads:
        return list(threads.map(_load, paths))


def _load(path: str) -> Counts:
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        return Counts(**json.loads(file.read()))
