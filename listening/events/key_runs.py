"""Sorted runs of keys on disk: what is looked up in without being read."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from listening.events.parsing import DIGEST
from listening.events.placing import PARTIAL, place

_MAGIC: Final = np.uint64(0x3153_5945_4B47_4553)
_HEADER: Final = np.dtype([("magic", "<u8"), ("keys", "<u8")])
_NAME: Final = re.compile(r"(\d{12})-(\d{12})-(\d{17})\.keys")
#: Keys that are merged at a time: 16 MiB of them.
_BUCKET: Final = 1 << 20


@dataclasses.dataclass(frozen=True)
class Run:
    """Keys of commits that follow each other, sorted.

    Attributes:
        first: the first commit.
        last: the last one.
        landed_at: when the last one landed, in microseconds since 1970.
        high: the first halves of the keys, rising.
        low: the second halves; rising where first halves are the same.
        path: of its file, None where it has none yet.
    """

    first: int
    last: int
    landed_at: int
    high: np.ndarray
    low: np.ndarray
    path: str | None = None

    def __len__(self) -> int:
        return len(self.high)

    def has(self, keys: np.ndarray) -> np.ndarray:
        """Whether each key is in it, given keys in rising order of their first halves."""
        found = np.zeros(len(keys), bool)
        if not len(self):
            return found
        at = np.searchsorted(self.high, keys["high"])
        within = at < len(self)
        within[within] = self.high[at[within]] == keys["high"][within]
        for index in np.flatnonzero(within):  # few: copies of what was there before
            place_ = at[index]
            while place_ < len(self) and self.high[place_] == keys["high"][index]:
                if self.low[place_] == keys["low"][index]:
                    found[index] = True
                    break
                place_ += 1
        return found


def of_keys(first: int, last: int, landed_at: int, keys: np.ndarray) -> Run:
    """A run of keys in any order, in memory."""
    order = np.lexsort((keys["low"], keys["high"]))
    return Run(first, last, landed_at, keys["high"][order], keys["low"][order])


def write(folder: str, runs: Sequence[Run]) -> Run:
    """Merges runs of commits that follow each other into one file.

    What is in memory at a time is what is written, 16 bytes a key; keys are merged bucket by
    bucket of their values.
    """
    first, last = runs[0].first, max(run.last for run in runs)
    landed_at = max(run.landed_at for run in runs)
    size = sum(map(len, runs))
    merged = np.empty(size, DIGEST)
    done = 0
    for part in _buckets(runs, size):
        merged[done : done + len(part)] = part[np.lexsort((part["low"], part["high"]))]
        done += len(part)
    path = os.path.join(folder, f"{first:012d}-{last:012d}-{landed_at:017d}.keys")
    header = np.array([(_MAGIC, size)], _HEADER)
    place(path, b"".join([header.tobytes(), merged["high"].tobytes(), merged["low"].tobytes()]))
    found = read(path)
    if found is None:
        raise OSError(f"{path} cannot be read back")
    return found


def read(path: str) -> Run | None:
    """Opens the file of a run; None where it is none, or not whole."""
    named = _NAME.fullmatch(os.path.basename(path))
    if named is None:
        return None
    first, last, landed_at = map(int, named.groups())
    size = os.path.getsize(path)
    if size < _HEADER.itemsize:
        return None
    magic, keys = np.fromfile(path, _HEADER, 1)[0]
    if magic != _MAGIC or size != _HEADER.itemsize + 16 * int(keys):
        return None
    if not keys:
        empty = np.empty(0, np.uint64)
        return Run(first, last, landed_at, empty, empty, path)
    halves = np.memmap(path, np.dtype("<u8"), "r", _HEADER.itemsize, (2, int(keys)))
    return Run(first, last, landed_at, halves[0], halves[1], path)


def all_in(folder: str) -> list[Run]:
    """The runs of a folder, by commits; what is not whole, or merged into another, is removed."""
    if not os.path.isdir(folder):
        return []
    runs: list[Run] = []
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        run = None if name.startswith(PARTIAL) else read(path)
        if run is None:
            os.unlink(path)
        else:
            runs.append(run)
    runs.sort(key=lambda run: (run.first, -run.last))
    kept: list[Run] = []
    for run in runs:
        if kept and run.last <= kept[-1].last:
            os.unlink(str(run.path))
        else:
            kept.append(run)
    return kept


def _buckets(runs: Sequence[Run], size: int) -> Iterator[np.ndarray]:
    """The keys of runs, those of one range of values after the other."""
    count = max(1, -(-size // _BUCKET))
    edges = [(number << 64) // count for number in range(1, count)]
    cuts = [
        [0, *(int(np.searchsorted(run.high, np.uint64(edge))) for edge in edges), len(run)]
        for run in runs
    ]
    for number in range(count):
        parts = [slice(cut[number], cut[number + 1]) for cut in cuts]
        keys = np.empty(sum(part.stop - part.start for part in parts), DIGEST)
        for half in ("high", "low"):
            halves = [getattr(run, half)[part] for run, part in zip(runs, parts, strict=True)]
            np.concatenate(halves, out=keys[half])
        yield keys
