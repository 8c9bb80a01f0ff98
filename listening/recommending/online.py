"""One listener as a feature store knows them, who is asked about now and not for a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from listening.recommending.people import Person
from listening.recommending.tracks import Tracks
from schema.features import LISTENER_COLUMNS

_Row = Mapping[str, Any]


def person(listener: str, rows: Mapping[str, _Row | None], tracks: Tracks) -> Person:
    """A listener by what a store serves: the same as `people` finds in partitions.

    Args:
        listener: the pseudonym.
        rows: of each view of VIEWS_READ, as `FeatureStore.row` gives it; views may lack.
        tracks: of the table.
    """
    found = Person(listener)
    for view, row in rows.items():
        if row is not None:
            _ADD[view](found, row, tracks)
    return found


def _add_history(found: Person, row: _Row, tracks: Tracks) -> None:
    found.seeds = row["seed_uris"]
    found.times = [time // 1_000_000 for time in row["seed_times"]]
    found.seed_places = _places(found.seeds, tracks)
    numbers = [row[name] for name in LISTENER_COLUMNS]
    found.features = np.array([np.nan if each is None else each for each in numbers], np.float32)


def _add_heard(found: Person, row: _Row, tracks: Tracks) -> None:
    places = _places(row["track_uris"], tracks)
    known = places >= 0
    found.heard = places[known]
    found.streams = np.array(row["streams"], np.int64)[known]


def _add_segment(found: Person, row: _Row, _: Tracks) -> None:
    found.segment = row["segment"]


def _add_ties(found: Person, row: _Row, tracks: Tracks) -> None:
    found.followed = tracks.artist_numbers(row["followed_artists"])
    found.neighbours = tuple(zip(row["neighbours"], row["similarities"], strict=True))


_ADD: Final[Mapping[str, Callable[[Person, _Row, Tracks], None]]] = {
    "listening_history": _add_history,
    "heard": _add_heard,
    "segments": _add_segment,
    "social_graph": _add_ties,
}
#: The views that a listener is read from.
VIEWS_READ: Final = tuple(_ADD)


def just_played(found: Person, uris: Sequence[str], now: int, tracks: Tracks) -> Person:
    """The listener with tracks that no feature knows of yet: they are heard, and the last ones.

    Args:
        found: the listener, who stays as they are.
        uris: newest first, each once.
        now: in seconds since 1970; no earlier than what was played before.
        tracks: of the table.
    """
    if not uris:
        return found
    again = set(uris)
    kept = [place for place, uri in enumerate(found.seeds) if uri not in again]
    places = _places(uris, tracks)
    fresh = np.setdiff1d(places[places >= 0], found.heard)
    time = max(now, found.times[0] if found.times else 0)
    return Person(
        listener_id=found.listener_id,
        explicit=found.explicit,
        market=found.market,
        blocked=found.blocked,
        segment=found.segment,
        seeds=[*uris, *(found.seeds[place] for place in kept)],
        times=[time] * len(uris) + [found.times[place] for place in kept],
        seed_places=np.concatenate([places, found.seed_places[kept]]),
        heard=np.concatenate([found.heard, fresh]),
        streams=np.concatenate([found.streams, np.ones(len(fresh), np.int64)]),
        features=found.features,
        followed=found.followed,
        neighbours=found.neighbours,
    )


def _places(uris: Sequence[str], tracks: Tracks) -> np.ndarray:
    return tracks.places(uri.encode() for uri in uris)
