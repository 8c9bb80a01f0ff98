"""A request on its way: what is known of the listener, what failed, and slots of what was found."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Sequence
from typing import Any

from gateway.assignment import Assigned
from gateway.day import Day
from gateway.requests import Fallback, Request, Served, Slot
from listening.recommending import Filled, Person


@dataclasses.dataclass(frozen=True)
class Made:
    """Slots, and where they come from."""

    served_by: Served
    model_version: str
    slots: Sequence[Slot]
    candidate_set: str


class Way:
    """A request on its way."""

    def __init__(self, request: Request, day: Day, end: float) -> None:
        self.request, self.day = request, day
        self.policy = day.surfaces[request.surface]
        self.person = Person(request.listener_id, request.explicit, request.market)
        self.segment: str | None = None
        self.assigned: Assigned | None = None
        self.fallbacks: list[Fallback] = []
        #: Whether nothing at all is known of the listener, since the store failed.
        self.is_stranger = False
        self._end = end

    def left(self) -> float:
        """Seconds that may still be waited."""
        return self._end - time.monotonic()

    def fell(self, tried: str, reason: str) -> None:
        """Notes what did not answer."""
        self.fallbacks.append(Fallback(tried, reason))

    def count(self, there: int) -> int:
        """How many tracks of a list are shown."""
        return there if self.request.n is None else min(there, self.request.n)

    def slots(
        self, filled: Filled, order: Sequence[int], propensities: Sequence[float]
    ) -> list[Slot]:
        """Slots of a list's tracks."""
        tracks = self.day.lists.tracks
        texts = tracks.texts(filled.places[place] for place in order)
        return [
            Slot(uri, *tracks.label(filled.places[at]), filled.shelves[at], filled.reasons[at], p)
            for uri, at, p in zip(texts, order, propensities, strict=True)
        ]

    def of_row(self, row: dict[str, Any]) -> list[Slot]:
        """Slots of a published list: of what may be shown today, and was not heard just now."""
        tracks, uris = self.day.lists.tracks, row["track_uris"]
        places = tracks.places(uri.encode() for uri in uris)
        allowed = self.day.lists.rules.open_to(self.person, self.policy)
        shelves, reasons = row["shelves"] or [""] * len(uris), row["reasons"] or [""] * len(uris)
        kept = [at for at, place in enumerate(places.tolist()) if place >= 0 and allowed[place]]
        return [
            Slot(uris[at], *tracks.label(int(places[at])), shelves[at], reasons[at], 1.0)
            for at in kept[: self.count(len(kept))]
        ]


def candidate_set(surface: str, uris: Sequence[str]) -> str:
    """The id of a candidate set: the same for the same tracks in the same order on a surface."""
    return hashlib.sha256("\n".join([surface, *uris]).encode()).hexdigest()[:32]
