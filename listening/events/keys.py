"""Which idempotency keys have landed: a copy of an event is recognised for a stated time."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

import numpy as np
import pyarrow.parquet as pq

from listening.events import key_runs
from listening.events.parsing import DIGEST, digests
from schema.events import EventPlaces, Manifest

FOLDER: Final = "keys"
#: Keys that are held in memory before they are written while the index is built anew.
_HELD: Final = 1 << 20
#: Runs are merged with those of their own part of the horizon, so that old keys are dropped.
_PARTS: Final = 8


class KeyIndex:
    """The keys of landed events, on disk in sorted runs; in memory those of the last flush.

    It can be deleted: it is built anew of what landed, but for keys of listeners who were erased.

    Args:
        places: of the landed events.
        horizon: for how long a key is remembered, in microseconds from its landing.
        now: the time, in microseconds since 1970.
        landed: the manifests of what landed.
    """

    def __init__(
        self, places: EventPlaces, horizon: int, now: int, landed: Iterable[Manifest]
    ) -> None:
        self._folder = places.path(FOLDER)
        self._horizon = horizon
        self._runs = key_runs.all_in(self._folder)
        self._fresh: list[key_runs.Run] = []
        self._expire(now)
        missing = [
            manifest
            for manifest in landed
            if manifest.landed_at >= now - horizon
            and not any(run.first <= manifest.commit <= run.last for run in self._runs)
        ]
        for manifest in sorted(missing, key=lambda each: each.commit):
            keys = [_keys(places.path(file.path)) for file in manifest.events]
            found = np.concatenate(keys) if keys else np.empty(0, DIGEST)
            self.add(manifest.commit, manifest.landed_at, found)
            if sum(map(len, self._fresh)) > _HELD:
                self.save(now)
        self.save(now)

    def unseen(self, keys: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """Which events are not copies: the first of each key, unless it has landed already.

        Args:
            keys: digests, one an event.
            offsets: where each event stood; of several copies the first stays.
        """
        order = np.lexsort((offsets, keys["low"], keys["high"]))
        rising = keys[order]
        fresh = np.ones(len(keys), bool)
        fresh[1:] = rising[1:] != rising[:-1]
        for run in (*self._runs, *self._fresh):
            fresh &= ~run.has(rising)
        found = np.empty(len(keys), bool)
        found[order] = fresh
        return found

    def add(self, commit: int, landed_at: int, keys: np.ndarray) -> None:
        """Remembers the keys of a commit, the last one so far."""
        self._fresh.append(key_runs.of_keys(commit, commit, landed_at, keys))

    def save(self, now: int) -> None:
        """Writes what was added, and merges runs so that they stay few.

        Raises:
            OSError: it cannot be written; what landed stays as it is.
        """
        if not self._fresh:
            return
        self._expire(now)
        self._runs.append(key_runs.write(self._folder, self._fresh))
        self._fresh = []
        self._runs.sort(key=lambda run: run.first)
        while len(self._runs) > 1 and self._may_merge(*self._runs[-2:]):
            old = self._runs[-2:]
            self._runs[-2:] = [key_runs.write(self._folder, old)]
            for run in old:
                os.unlink(str(run.path))

    def __len__(self) -> int:
        return sum(map(len, (*self._runs, *self._fresh)))

    def _may_merge(self, older: key_runs.Run, newer: key_runs.Run) -> bool:
        part = max(1, self._horizon // _PARTS)
        same = older.landed_at // part == newer.landed_at // part
        return same and len(older) <= 2 * len(newer)

    def _expire(self, now: int) -> None:
        for run in [run for run in self._runs if run.landed_at < now - self._horizon]:
            self._runs.remove(run)
            os.unlink(str(run.path))


def _keys(path: str) -> np.ndarray:
    return digests(pq.read_table(path, columns=["idempotency_key"]).column(0).to_pylist())
