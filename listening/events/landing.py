"""Landing: from a source to hourly Parquet, each message exactly once."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from listening.events.keys import KeyIndex
from listening.events.options import LandingOptions
from listening.events.parsing import Parsed, joined, parse_chunk
from listening.events.sources import Chunk, Source
from listening.events.store import Store
from schema import output_lock
from schema.events import EventPlaces, Manifest, OffsetRange

_DAY: int = 86_400_000_000
_WAIT_SECONDS = 0.5
_LOOK_SECONDS = 1.0


@dataclasses.dataclass
class Counts:
    """What became of messages: `read` is always the sum of the other three.

    Attributes:
        read: messages whose fate is sealed.
        landed: events.
        duplicates: copies of events that had landed before.
        refused: dead letters by reason.
        commits: ranges of offsets.
        hours: those whose events changed.
    """

    read: int = 0
    landed: int = 0
    duplicates: int = 0
    refused: dict[str, int] = dataclasses.field(default_factory=dict)
    commits: int = 0
    hours: set[str] = dataclasses.field(default_factory=set)

    @property
    def dead_letters(self) -> int:
        """Messages that were refused."""
        return sum(self.refused.values())

    def add(self, manifest: Manifest) -> None:
        """Counts a range that has landed."""
        rows = sum(file.rows for file in manifest.events)
        self.landed += rows
        self.duplicates += manifest.duplicates
        for reason, count in manifest.refused.items():
            self.refused[reason] = self.refused.get(reason, 0) + count
        self.read += rows + manifest.duplicates + sum(manifest.refused.values())
        self.commits += 1
        self.hours |= {str(file.hour) for file in manifest.events}


class Watcher(Protocol):
    """Who is told what happens: metrics, announcements."""

    def looked(self, source: Source, store: Store) -> None:
        """The source is open, or a second has passed, whether anything was read or not."""

    def landed(self, manifest: Manifest) -> None:
        """A range has landed."""

    def flushed(self, source: Source, store: Store, *, ended: bool) -> None:
        """All that was read has landed, and Kafka and the like were told."""


def land(
    out: str,
    source: Source,
    options: LandingOptions | None = None,
    *,
    watchers: Sequence[Watcher] = (),
    counts: Counts | None = None,
    stop: threading.Event | None = None,
    warn: Callable[[str], None] = lambda _: None,
    clock: Callable[[], int] = lambda: time.time_ns() // 1000,
) -> Counts:
    """Lands what a source has, from where the last landing ended.

    Args:
        out: the directory; one command at a time writes to it.
        source: not started yet.
        options: how much at a time; the defaults where there are none.
        watchers: who is told.
        counts: goes on with these, which tell what landed before an error too.
        stop: set by another thread, it lets what was read land and ends.
        warn: takes sentences that somebody ought to read.
        clock: the time in microseconds since 1970.

    Raises:
        InUseError: another command writes to the directory.
        SourceError: the source cannot be read, or is another one than before.
        ValueError: what lies in the directory cannot be read.
        OSError: the directory cannot be written to. What had landed stays, and what had not lands
            when it is started again; so it does after a kill at any moment.
    """
    with output_lock.taken(out, "segue events land"):
        store = Store(out)
        try:
            source.start(store.origin(), store.positions(), warn)
            chosen = options or LandingOptions()
            landing = _Landing(
                store, source, chosen, watchers, counts=counts or Counts(), clock=clock
            )
            return landing.run(stop or threading.Event())
        finally:
            source.close()


class _Pending:
    """What was read of a partition and has not landed."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.last = first
        self.parts: list[Parsed] = []

    def add(self, chunk: Chunk, parsed: Parsed) -> None:
        self.last = chunk.offsets[-1]
        self.parts.append(parsed)


class _Landing:
    def __init__(
        self,
        store: Store,
        source: Source,
        options: LandingOptions,
        watchers: Sequence[Watcher],
        *,
        counts: Counts,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._source = source
        self._options = options
        self._watchers = watchers
        self._clock = clock
        self._counts = counts
        self._positions = store.positions()
        self._origin = store.origin()
        self._keys = KeyIndex(
            EventPlaces(store.places.root),
            int(options.horizon_days * _DAY),
            clock(),
            store.landed.values(),
        )
        self._next_look = time.monotonic()
        self._clear()

    def _clear(self) -> None:
        self._pending: dict[int, _Pending] = {}
        self._messages = self._bytes = 0
        self._since = time.monotonic()

    def run(self, stop: threading.Event) -> Counts:
        """Reads until the source has ended, or it is stopped.

        One thread reads and lands, so nothing is read while the disk is slow: what waits in memory
        is a batch, and what the source has fetched ahead, which is bounded too.
        """
        while not (self._source.ended or stop.is_set()):
            self._look()
            for chunk in self._source.read(self._patience()):
                self._take(chunk)
            if self._is_due():
                self._flush(ended=False)
        self._flush(ended=self._source.ended)
        return self._counts

    def _look(self) -> None:
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + _LOOK_SECONDS
            for watcher in self._watchers:
                watcher.looked(self._source, self._store)

    def _patience(self) -> float:
        """Seconds to wait for messages: not so long that others land late."""
        if not self._pending:
            return _WAIT_SECONDS
        left = self._since + self._options.every_seconds - time.monotonic()
        return min(_WAIT_SECONDS, max(0.0, left))

    def _is_due(self) -> bool:
        return bool(self._pending) and (
            self._messages >= self._options.batch
            or self._bytes >= self._options.batch_mb << 20
            or time.monotonic() - self._since >= self._options.every_seconds
        )

    def _take(self, chunk: Chunk) -> None:
        if not self._pending:
            self._since = time.monotonic()
        if chunk.partition not in self._pending:
            first = self._positions.get(chunk.partition, chunk.offsets[0])
            # The source may begin again where older messages are gone.
            self._pending[chunk.partition] = _Pending(min(first, chunk.offsets[0]))
        self._pending[chunk.partition].add(chunk, parse_chunk(chunk, self._clock()))
        self._messages += len(chunk.messages)
        self._bytes += sum(map(len, chunk.messages))

    def _flush(self, *, ended: bool) -> None:
        if self._pending and self._source.origin != self._origin:
            self._origin = self._source.origin
            self._store.keep_origin(self._origin)
        for partition, pending in sorted(self._pending.items()):
            covered = OffsetRange(partition, pending.first, pending.last)
            self._land(covered, joined(pending.parts))
        self._keys.save(self._clock())
        self._clear()
        self._source.tell(self._positions)
        for watcher in self._watchers:
            watcher.flushed(self._source, self._store, ended=ended)

    def _land(self, covered: OffsetRange, parsed: Parsed) -> None:
        events, now = parsed.events, self._clock()
        offsets = events.column("source_offset").to_numpy()
        unseen = self._keys.unseen(parsed.keys, offsets)
        newest = pc.max(events.column("event_time").cast(pa.int64())).as_py()
        manifest = self._store.land(
            covered,
            events if unseen.all() else events.filter(pa.array(unseen)),
            parsed.dead_letters,
            duplicates=int(len(unseen) - unseen.sum()),
            refused=parsed.refused(),
            newest=newest,
            now=now,
        )
        self._keys.add(manifest.commit, now, parsed.keys[unseen])
        self._positions[covered.partition] = covered.last + 1
        self._counts.add(manifest)
        for watcher in self._watchers:
            watcher.landed(manifest)
