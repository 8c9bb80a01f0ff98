"""Fills the shelves of a list: what a policy forbids never stands on one."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from listening.recommending.blocklist import Blocklist
from listening.recommending.people import Person
from listening.recommending.policies import Policy, Shelf
from listening.recommending.sources import Offer, Sources
from listening.recommending.tracks import Tracks

_AT_ONCE: Final = 128  # tracks of an offer that are looked at
_COMMON: Final = 64  # markets, with and without explicit tracks, that are kept at hand


class Rules:
    """What nobody is shown on a day: what is not out yet, and what is blocked for all."""

    def __init__(self, tracks: Tracks, day: datetime.date, blocked: Blocklist) -> None:
        """Finds what is left.

        Args:
            tracks: of the table.
            day: for which lists are made.
            blocked: tracks and artists.
        """
        self.tracks = tracks
        self._open = tracks.out_by(day)
        places = tracks.places(uri.encode() for uri in blocked.tracks)
        self._open[places[places >= 0]] = False
        self._open[tracks.of_artists(tracks.artist_numbers(blocked.artists))] = False
        self._common = functools.lru_cache(maxsize=_COMMON)(self._open_to_many)

    def open_to(self, person: Person, policy: Policy) -> np.ndarray:
        """What a listener may be shown by a policy: bool [n].

        Of whom a market is known nothing is shown of which that is not known; and as long as
        explicit tracks are forbidden, only what is known to be none.
        """
        explicit = policy.explicit and person.explicit
        found: np.ndarray = self._common(explicit, person.market or policy.market).copy()
        found[person.blocked] = False
        if policy.heard == "leave_out":
            found[person.heard] = False
        return found

    def _open_to_many(self, explicit: bool, market: str | None) -> np.ndarray:
        found = self._open if explicit else self._open & self.tracks.clean
        return found if market is None else found & self.tracks.playable(market)


@dataclasses.dataclass
class Filled:
    """A list: tracks, best first, and of each why it is there and on which shelf."""

    places: list[int] = dataclasses.field(default_factory=list)
    reasons: list[str] = dataclasses.field(default_factory=list)
    shelves: list[str] = dataclasses.field(default_factory=list)


def fill(policy: Policy, sources: Sources, rules: Rules) -> Filled:
    """Fills the shelves of a policy for a listener, from top to bottom.

    A shelf takes what it may of its first source, then of the next. It stays shorter than it may
    be only where its sources have no more.

    Args:
        policy: what may be shown, and how many.
        sources: for the listener.
        rules: for everybody.
    """
    found = Filled()
    taken: set[int] = set()
    by_artist: Counter[int] = Counter()
    artist = sources.tracks.artist
    allowed = rules.open_to(sources.person, policy)

    def take(offer: Offer, room: int) -> list[int]:
        chosen: list[int] = []
        # Most lists are full long before an offer ends.
        for start in range(0, len(offer.places), _AT_ONCE):
            places = offer.places[start : start + _AT_ONCE]
            places = places[allowed[places]]
            for place, of in zip(places.tolist(), artist[places].tolist(), strict=True):
                full = policy.per_artist is not None and by_artist[of] >= policy.per_artist
                if full or place in taken:
                    continue
                taken.add(place)
                by_artist[of] += 1
                chosen.append(place)
                if len(chosen) == room:
                    return chosen
        return chosen

    for shelf in policy.shelves:
        for offer, chosen in _chosen(shelf, sources, take):
            found.places += chosen
            found.reasons += offer.why(chosen)
            track, by = offer.named
            # A title of other sources has no braces but doubled ones.
            title = shelf.title.format(track=track, artist=by)
            found.shelves += [title] * len(chosen)
    return found


def _chosen(
    shelf: Shelf, sources: Sources, take: Callable[[Offer, int], list[int]]
) -> Iterator[tuple[Offer, list[int]]]:
    room = shelf.most
    for source in shelf.sources:
        for offer in sources.offers(source, shelf):
            if room and (chosen := take(offer, room)):
                room -= len(chosen)
                yield offer, chosen
                break
