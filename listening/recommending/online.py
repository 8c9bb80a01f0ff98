"""One listener as a feature store knows them, who is asked about now and not for a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from listening.recommending.people import VIEWS, Person, add
from listening.recommending.tracks import Tracks
from listening.store import EVENT_TIME

#: The views that a listener is read from, one row each.
VIEWS_READ: Final = tuple(VIEWS)
_FIRST: Final = np.zeros(1, np.int64)


def person(listener: str, rows: Mapping[str, pa.Table], tracks: Tracks) -> Person:
    """A listener by what a store serves.

    Args:
        listener: the pseudonym.
        rows: a row of each view of VIEWS_READ, as `FeatureStore.read` gives it; views may lack.
        tracks: of the table.
    """
    found = Person(listener)
    for view, row in rows.items():
        if row.column(EVENT_TIME)[0].is_valid:  # otherwise nothing is known
            add([found], view, [(_FIRST, row.select(list(VIEWS[view])))], tracks)
    return found


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
    places = tracks.places(uri.encode() for uri in uris)
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
