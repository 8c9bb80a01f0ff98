"""Landed events as readers see them: what manifests name, and nothing else."""

from __future__ import annotations

import dataclasses
import datetime
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from schema.events import DEAD_LETTERS, EVENTS, EventPlaces, LandedFile, Manifest, manifests
from schema.tables import conform

_HOUR: Final = 3_600_000_000
_TRIES: Final = 5
_Found = TypeVar("_Found")


@dataclasses.dataclass(frozen=True)
class LandedHour:
    """The events of an hour.

    Attributes:
        hour: such as 2026-11-28T03, in UTC.
        version: the last commit that changed it, so it only ever rises.
        rows: how many events there are.
        files: their paths.
        erased: the last commit that took a listener's events out of it, 0 for none.
    """

    hour: str
    version: int
    rows: int
    files: tuple[str, ...]
    erased: int = 0

    @property
    def end(self) -> int:
        """The time at which it ends, in microseconds since 1970."""
        start = datetime.datetime.strptime(f"{self.hour}+0000", "%Y-%m-%dT%H%z")
        return int(start.timestamp()) * 1_000_000 + _HOUR


@dataclasses.dataclass(frozen=True)
class Landed:
    """What has landed in a directory, as of the moment in which its manifests were read.

    Attributes:
        hours: by name, in the order of time.
        dead_letters: paths of the files of dead letters.
        commit: the last commit, 0 where nothing has landed.
        newest: the latest time of an event, in microseconds since 1970; None where there is none.
        events: how many landed.
        duplicates: how many copies were left out.
        refused: dead letters by reason.
    """

    hours: dict[str, LandedHour]
    dead_letters: tuple[str, ...]
    commit: int
    newest: int | None
    events: int
    duplicates: int
    refused: dict[str, int]

    def closed(self, lateness: int) -> list[LandedHour]:
        """Hours that are over by the events' own clock; a late event gives one a new version.

        Args:
            lateness: microseconds that an event may come behind the newest one.
        """
        return [
            hour
            for hour in self.hours.values()
            if self.newest is not None and hour.end + lateness <= self.newest
        ]

    def changed_since(self, commit: int) -> list[LandedHour]:
        """Hours that were changed after a commit."""
        return [hour for hour in self.hours.values() if hour.version > commit]


def landed(root: str) -> Landed:
    """Reads what has landed in a directory, nothing where it is not there.

    Raises:
        ValueError: a manifest cannot be read.
    """
    places = EventPlaces(root)
    return of_manifests(places, _retried(lambda: list(manifests(places))))


def of_manifests(places: EventPlaces, known: Iterable[Manifest]) -> Landed:
    """What manifests name."""
    by_hour: dict[str, list[LandedFile]] = {}
    erased: dict[str, int] = {}
    dead, commits, newest = [], [0], []
    events = duplicates = 0
    refused: Counter[str] = Counter()
    for manifest in known:
        for file in manifest.events:
            by_hour.setdefault(str(file.hour), []).append(file)
            events += file.rows
            if file.commit > manifest.commit:
                erased[str(file.hour)] = max(file.commit, erased.get(str(file.hour), 0))
        if manifest.dead_letters is not None:
            dead.append(places.path(manifest.dead_letters.path))
        commits += [manifest.commit, *(file.commit for file in manifest.events)]
        newest += [] if manifest.newest is None else [manifest.newest]
        duplicates += manifest.duplicates
        refused.update(manifest.refused)
    return Landed(
        hours={
            hour: _hour(places, hour, by_hour[hour], erased.get(hour, 0))
            for hour in sorted(by_hour)
        },
        dead_letters=tuple(dead),
        commit=max(commits),
        newest=max(newest, default=None),
        events=events,
        duplicates=duplicates,
        refused=dict(sorted(refused.items())),
    )


def read_hour(root: str, hour: str, columns: Sequence[str] | None = None) -> pa.Table:
    """The events of an hour, in the columns of today's contract whenever they landed.

    Args:
        root: the directory.
        hour: such as 2026-11-28T03.
        columns: those that are wanted, all by default.
    """
    schema = EVENTS if columns is None else pa.schema([EVENTS.field(name) for name in columns])

    def read() -> pa.Table:
        found = landed(root).hours.get(hour)
        return _read(found.files if found else (), schema)

    return _retried(read)


def read_file(path: str, columns: Sequence[str]) -> pa.Table:
    """Some columns of one of an hour's files.

    Raises:
        FileNotFoundError: it was replaced meanwhile.
    """
    return _read((path,), pa.schema([EVENTS.field(name) for name in columns]))


def read_dead_letters(root: str) -> pa.Table:
    """All dead letters."""
    return _retried(lambda: _read(landed(root).dead_letters, DEAD_LETTERS))


def _hour(places: EventPlaces, hour: str, files: list[LandedFile], erased: int) -> LandedHour:
    return LandedHour(
        hour=hour,
        version=max(file.commit for file in files),
        rows=sum(file.rows for file in files),
        files=tuple(places.path(file.path) for file in files if file.rows),
        erased=erased,
    )


def _read(paths: Sequence[str], schema: pa.Schema) -> pa.Table:
    tables = []
    for path in paths:
        with open(path, "rb") as file:
            parquet = pq.ParquetFile(file)
            there = [name for name in schema.names if name in parquet.schema_arrow.names]
            tables.append(conform(parquet.read(columns=there), schema))
    return pa.concat_tables(tables) if tables else schema.empty_table()


def _retried(read: Callable[[], _Found]) -> _Found:
    """Reads again where files were replaced meanwhile, as when a listener is erased."""
    for _ in range(_TRIES - 1):
        try:
            return read()
        except FileNotFoundError:
            continue
    return read()


def exists(root: str) -> bool:
    """Whether events have landed in a directory."""
    return os.path.isdir(EventPlaces(root).manifests)
