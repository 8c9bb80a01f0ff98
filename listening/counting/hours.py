"""Counted hours on disk: a file an hour, under the version of the events that it was made of.

    COUNTS/hour=YYYY-MM-DDTHH/version-{version}.parquet
    COUNTS/counted.json

Of an hour's files the one of the highest version counts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import re
from collections.abc import Mapping
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
import pydantic

from listening.counting.windows import Counts
from listening.events import placing
from schema.events import hour_in, hour_of
from schema.tables import COUNTED, PLAYS, conform

STATE_FILE: Final = "counted.json"
_VERSION: Final = re.compile(r"version-(\d{12})\.parquet")
_EVENTS: Final = b"segue.events"
_TRIES: Final = 5


class State(pydantic.BaseModel):
    """How far a directory has been counted; written last.

    Attributes:
        commit: the last commit of the landed events that was seen.
        watermark: hours that end by it were over, in microseconds since 1970.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1
    commit: int = 0
    watermark: int | None = None

    @classmethod
    def read(cls, root: str) -> State:
        """The state of a directory; that of a new one where there is none.

        Raises:
            ValueError: it cannot be read.
        """
        try:
            with open(os.path.join(root, STATE_FILE), "rb") as file:
                return cls.model_validate_json(file.read())
        except FileNotFoundError:
            return cls()

    def write(self, root: str) -> None:
        """Puts it in place."""
        placing.place(os.path.join(root, STATE_FILE), self.model_dump_json().encode() + b"\n")


@dataclasses.dataclass(frozen=True)
class CountedHour:
    """The counts of an hour.

    Attributes:
        hour: such as 2026-11-28T03, in UTC.
        version: of the landed hour that it was counted from.
        path: of its file.
    """

    hour: str
    version: int
    path: str

    @property
    def end(self) -> datetime.datetime:
        """When the hour is over."""
        start = datetime.datetime.strptime(f"{self.hour}+0000", "%Y-%m-%dT%H%z")
        return start + datetime.timedelta(hours=1)

    def events(self) -> int:
        """How many events of any type it was made of."""
        return int(pq.read_schema(self.path).metadata[_EVENTS])

    def read(self) -> pa.Table:
        """The counts, a row a track.

        Raises:
            FileNotFoundError: a newer version has taken its place.
        """
        with open(self.path, "rb") as file:
            return conform(pq.ParquetFile(file).read(), PLAYS)


def counted(root: str) -> dict[str, CountedHour]:
    """The hours that were counted, in the order of time; nothing where the directory is missing."""
    found = {}
    for folder in sorted(os.listdir(root) if os.path.isdir(root) else ()):
        if (hour := hour_in(folder)) is None:
            continue
        names = [name for name in _names(os.path.join(root, folder)) if _VERSION.fullmatch(name)]
        if names:  # all of one length, so that the last one is the newest
            newest = max(names)
            version = int(newest.removeprefix("version-").removesuffix(".parquet"))
            found[hour] = CountedHour(hour, version, os.path.join(root, folder, newest))
    return found


def read_counts(root: str, hour: str) -> pa.Table:
    """The counts of an hour, a row a track; no rows where it was not counted."""
    for _ in range(_TRIES):
        found = counted(root).get(hour)
        if found is None:
            return PLAYS.empty_table()
        with contextlib.suppress(FileNotFoundError):
            return found.read()
    raise OSError(f"{root}: the counts of {hour} change again and again")


def place_hour(
    root: str, start: int, version: int, events: int, tracks: Mapping[str, Counts]
) -> None:
    """Puts the counts of an hour in place; the same counts give the same bytes.

    Args:
        root: the directory.
        start: of the hour, in microseconds since 1970.
        version: of the landed hour.
        events: how many events of any type there are.
        tracks: counts by track.
    """
    rows = sorted(tracks.items())
    table = pa.table(
        {
            "window_start": pa.array([start] * len(rows), PLAYS.field("window_start").type),
            "track_uri": [track for track, _ in rows],
            **{
                name: pa.array([counts[place] for _, counts in rows], pa.int64())
                for place, name in enumerate(COUNTED.values())
            },
        },
        schema=PLAYS.with_metadata({_EVENTS: str(events).encode()}),
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    folder = os.path.join(root, f"hour={hour_of(start)}")
    placing.place(
        os.path.join(folder, f"version-{version:012d}.parquet"), memoryview(sink.getvalue())
    )


def clear(root: str) -> None:
    """Removes what newer versions have replaced, and what is not whole."""
    kept = {os.path.normpath(hour.path) for hour in counted(root).values()}
    strays = [
        path
        for folder in _names(root)
        if hour_in(folder) is not None
        for name in _names(os.path.join(root, folder))
        if os.path.normpath(path := os.path.join(root, folder, name)) not in kept
    ]
    strays += [
        os.path.join(root, name) for name in _names(root) if name.startswith(placing.PARTIAL)
    ]
    placing.remove(strays)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
