"""Kinds of listeners, the shares of everything that is stated, and what a world is made for."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Final, NamedTuple

#: The first day. The playlists of a sample were last changed before it.
START: Final = datetime.datetime(2017, 11, 1, tzinfo=datetime.timezone.utc)
MAX_LISTENERS: Final = 10_000_000
MAX_DAYS: Final = 366

#: Of the tracks table, how much is in no playlist: new releases of known artists.
UNHEARD_SHARE: Final = 0.12
#: Of events, how many no reader can use; of all others, how many come an hour late or more, and
#: how many come twice.
MALFORMED_SHARE: Final = 0.005
LATE_SHARE: Final = 0.03
DUPLICATE_SHARE: Final = 0.015
#: Of events, how many a client of the next minor version wrote, with a field more.
NEWER_SHARE: Final = 0.02


class Kind(NamedTuple):
    """How listeners of a kind listen, each varying around it.

    Attributes:
        share: of all listeners.
        sessions_per_day: the mean.
        tracks_per_session: the mean of a geometric distribution.
        repeat_share: of plays that come from the listener's own library.
        library: tracks in it.
        focus: how strongly taste decides over popularity; see `plays`.
        skip_rate: of plays whose track is as much to the taste as usual.
    """

    share: float
    sessions_per_day: float
    tracks_per_session: float
    repeat_share: float
    library: int
    focus: float
    skip_rate: float


#: New ones join on a day of the world's own; the others were there before.
KINDS: Final[dict[str, Kind]] = {
    "new": Kind(0.20, 0.60, 7.0, 0.25, 12, 3.0, 0.35),
    "casual": Kind(0.45, 0.35, 6.0, 0.60, 40, 3.5, 0.20),
    "heavy": Kind(0.15, 2.50, 13.0, 0.45, 150, 4.5, 0.25),
    "genre_bound": Kind(0.20, 0.90, 10.0, 0.50, 60, 8.0, 0.20),
}
KIND_NAMES: Final = tuple(KINDS)


@dataclasses.dataclass(frozen=True)
class WorldSize:
    """What a world is made for, from which all of it follows.

    Attributes:
        playlists: that the tracks come from.
        listeners: how many, 1 to 10,000,000.
        days: how many, 1 to 366.
        seed: a non-negative int.

    Raises:
        ValueError: a number is out of range.
    """

    playlists: int
    listeners: int
    days: int
    seed: int

    def __post_init__(self) -> None:
        for name, most in (("listeners", MAX_LISTENERS), ("days", MAX_DAYS)):
            value = getattr(self, name)
            if not 1 <= value <= most:
                raise ValueError(f"{name}: {value} is not between 1 and {most:,}")

    @property
    def start(self) -> int:
        """Its first moment, in microseconds since 1970."""
        return int(START.timestamp()) * 1_000_000

    @property
    def end(self) -> int:
        """The first moment after it."""
        return self.start + self.days * DAY

    @property
    def first_day(self) -> int:
        """Its first day, in days since 1970."""
        return self.start // DAY


HOUR: Final = 3_600_000_000  # microseconds
DAY: Final = 24 * HOUR

# What random numbers are drawn for: each purpose has a stream of its own, beside seed and index.
SPACE, RELEASES, AUDIO, WAVES, TRAITS, HABITS, PLAYS, SOCIAL, DELIVERY, RESPONSES = range(101, 111)
