"""What is counted of a request log: numbers that add up, whoever counted them."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from pipeline.skew.logged import LoggedPlaylist, LoggedRequest

_DAY = 86_400
#: A version's number is a time (in seconds) from here on: 2001. Smaller ones are just numbers.
_FIRST_TIME = 10**9


@dataclasses.dataclass
class Counts:
    """Counts of records, or of those of one period.

    Attributes:
        files: how many were read.
        records: how many there were, whole or not.
        broken: of these, how many could not be used, by reason.
        kinds: requests by signature, or by kind of log.
        playlists: how many were asked about.
        judged: of these, those whose answer shows the tracks.
        empty: of these, those that got none.
        timed: playlists answered by a version whose number is a time.
        old: of these, those whose version was older than the limit.
        versions: playlists by the version that answered.
        current: the same of those logged since the last release.
        seconds: first and last second by version, where they are known.
        known: tracks asked about that the version knows, by version.
        checked: of how many tracks that is known, by version.
    """

    files: int = 0
    records: int = 0
    broken: Counter[str] = dataclasses.field(default_factory=Counter)
    kinds: Counter[str] = dataclasses.field(default_factory=Counter)
    playlists: int = 0
    judged: int = 0
    empty: int = 0
    timed: int = 0
    old: int = 0
    versions: Counter[int] = dataclasses.field(default_factory=Counter)
    current: Counter[int] = dataclasses.field(default_factory=Counter)
    seconds: dict[int, tuple[int, int]] = dataclasses.field(default_factory=dict)
    known: Counter[int] = dataclasses.field(default_factory=Counter)
    checked: Counter[int] = dataclasses.field(default_factory=Counter)

    def add(self, request: LoggedRequest, max_age_days: float | None, released: int = 0) -> None:
        """Counts a request that can be used; its record is counted elsewhere.

        Args:
            request: the request.
            max_age_days: age of a version that is old; None for none.
            released: second of the last release; 0 without one.
        """
        self.kinds[request.kind] += 1
        for playlist in request.playlists:
            self._add_playlist(playlist, request, max_age_days)
        if request.second >= released:
            self.current[request.version] += len(request.playlists)
        if request.playlists and request.second:
            span = (request.second, request.second)
            self._widen(request.version, span)

    def merge(self, others: Iterable[Counts]) -> Counts:
        """Adds others to this one, and returns it."""
        for other in others:
            for field in dataclasses.fields(self):
                mine, theirs = getattr(self, field.name), getattr(other, field.name)
                if isinstance(mine, Counter):
                    mine.update(theirs)
                elif isinstance(mine, int):
                    setattr(self, field.name, mine + theirs)
            for version, span in other.seconds.items():
                self._widen(version, span)
        return self

    def to_json(self) -> str:
        """A line of JSON."""
        # Not `asdict`, which makes another Counter of a Counter's pairs.
        return json.dumps(vars(self))

    @classmethod
    def from_json(cls, line: str | bytes) -> Counts:
        """What `to_json` wrote."""
        found: dict[str, Any] = json.loads(line)
        for name in ("broken", "kinds"):
            found[name] = Counter(found[name])
        for name in ("versions", "current", "known", "checked"):
            found[name] = Counter({int(key): count for key, count in found[name].items()})
        found["seconds"] = {int(key): tuple(span) for key, span in found["seconds"].items()}
        return cls(**found)

    def _add_playlist(
        self, playlist: LoggedPlaylist, request: LoggedRequest, max_age_days: float | None
    ) -> None:
        self.playlists += 1
        self.versions[request.version] += 1
        if playlist.tracks is not None:
            self.judged += 1
            self.empty += playlist.tracks == 0
        age = age_days(request.version, request.second)
        if age is not None:
            self.timed += 1
            self.old += max_age_days is not None and age > max_age_days

    def _widen(self, version: int, span: tuple[int, int]) -> None:
        first, last = self.seconds.get(version, span)
        self.seconds[version] = (min(first, span[0]), max(last, span[1]))


def age_days(version: int, second: int) -> float | None:
    """How old a version was at a time, by its number; None where that, or the time, is none."""
    if version < _FIRST_TIME or not second:
        return None
    return max(0.0, (second - version) / _DAY)
