"""Puts messages in the order of their arrival, with those of an hour in memory at most."""

from __future__ import annotations

import collections
import pathlib
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Final

from sample.listeners.kinds import DAY, HOUR

#: What the name of a queue's folder begins with, which a kill leaves behind.
PREFIX: Final = ".arrivals-"
_HELD: Final = 64 << 20  # bytes in memory, before they go to files


class Arrivals:
    """A queue of messages; a context manager, whose end removes its files.

    Args:
        folder: where files may lie meanwhile.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = tempfile.TemporaryDirectory(prefix=PREFIX, dir=folder)
        self._held: dict[int, list[bytes]] = collections.defaultdict(list)
        self._bytes = 0
        self._hours: set[int] = set()

    def add(self, arrival: int, order: tuple[int, int, int], content: bytes) -> None:
        """Takes a message.

        Args:
            arrival: in microseconds since 1970.
            order: what decides between messages of the same time; no two have the same.
            content: without an end of line.
        """
        # As text, keys of one length sort as their numbers do.
        line = b"%020d%012d%012d%d " % (arrival, *order) + content
        self._held[arrival // HOUR].append(line)
        self._bytes += len(line)
        if self._bytes >= _HELD:
            self._put_away()

    def by_day(self) -> Iterator[tuple[int, Iterator[bytes]]]:
        """Yields each day, in days since 1970, with its messages by arrival.

        A day's messages are to be read before the next day is asked for.
        """
        self._put_away()
        days: dict[int, list[int]] = collections.defaultdict(list)
        for hour in sorted(self._hours):
            days[hour * HOUR // DAY].append(hour)
        for day, hours in days.items():
            yield day, self._messages(hours)

    def __enter__(self) -> Arrivals:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._folder.cleanup()

    def _messages(self, hours: list[int]) -> Iterator[bytes]:
        for hour in hours:
            lines = self._path(hour).read_bytes().split(b"\n")
            for line in sorted(filter(None, lines)):
                yield line.partition(b" ")[2]

    def _put_away(self) -> None:
        for hour, lines in self._held.items():
            self._hours.add(hour)
            with self._path(hour).open("ab") as file:
                file.write(b"\n".join(lines) + b"\n")
        self._held.clear()
        self._bytes = 0

    def _path(self, hour: int) -> pathlib.Path:
        return pathlib.Path(self._folder.name, f"{hour}")
