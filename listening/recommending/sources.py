"""Where a shelf's tracks come from: the model, a track heard lately, releases, what is popular."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from listening.recommending import reasons
from listening.recommending.people import Person
from listening.recommending.policies import Shelf
from listening.recommending.popularity import Popularity
from listening.recommending.releases import Releases
from listening.recommending.tracks import Tracks

#: Of the tracks that were heard last, one of which a shelf of similar tracks goes by.
_LATELY: Final = 10


@dataclasses.dataclass(frozen=True)
class Offer:
    """Tracks that a source has.

    Attributes:
        places: int64, best first.
        why: says why each of some tracks is there.
        named: what a title may name.
    """

    places: np.ndarray
    why: Callable[[Sequence[int]], list[str]]
    named: tuple[str, str] = ("", "")


@dataclasses.dataclass(frozen=True)
class Sources:
    """All sources for one listener.

    Attributes:
        person: who gets the lists.
        best: int64, the model's tracks for them, best first.
        known: bool [n], tracks that the model knows.
        vectors: float32 [n, d], as of `Model`; None where it has none.
        tracks: of the table.
        popularity: what is popular.
        releases: what came out lately.
    """

    person: Person
    best: np.ndarray
    known: np.ndarray
    vectors: np.ndarray | None
    tracks: Tracks
    popularity: Popularity
    releases: Releases

    def offers(self, source: str, shelf: Shelf) -> Iterator[Offer]:
        """What a source has for a shelf: the first offer of which anything may be shown counts."""
        if source == "model":
            return self._model()
        if source == "similar":
            return self._similar()
        return self._releases(shelf) if source == "releases" else self._popular()

    @functools.cached_property
    def _seeds(self) -> np.ndarray:
        """The places of the last tracks that the model knows, newest first."""
        places = self.person.seed_places[self.person.seed_places >= 0]
        return places[self.known[places]]

    @functools.cached_property
    def _best_vectors(self) -> np.ndarray:
        assert self.vectors is not None
        return self.vectors[self.best]

    def _model(self) -> Iterator[Offer]:
        # Where it knows nothing of the listener, its answer is what is popular.
        if len(self._seeds):
            yield Offer(self.best, lambda chosen: reasons.of_model(chosen, self._seeds, self))

    def _similar(self) -> Iterator[Offer]:
        for seed in self._seeds[:_LATELY].tolist():
            if self.vectors is not None:
                products = np.einsum("nd,d->n", self._best_vectors, self.vectors[seed])
                order = np.argsort(-products, kind="stable")
                places = self.best[order[: int((products > 0).sum())]]
            else:
                places = self.best[self.tracks.artist[self.best] == self.tracks.artist[seed]]
            told = f"like {self.tracks.quoted(seed)}"
            named = self.tracks.label(seed)
            yield Offer(places, functools.partial(_alike, told), named)

    def _releases(self, shelf: Shelf) -> Iterator[Offer]:
        followed = set(self.person.followed.tolist()) if "followed" in shelf.by else set()
        weights = self.releases.weights(self.person) if "neighbours" in shelf.by else {}
        places = self.releases.of(shelf.days, followed, weights, self.best)

        def why(chosen: Sequence[int]) -> list[str]:
            told = []
            for place in chosen:
                mine = int(self.tracks.artist[place]) in followed
                who = "whom you follow" if mine else "whom somebody plays whom you follow"
                told.append(f"new from {self.tracks.label(place)[1]}, {who}")
            return told

        yield Offer(places, why)

    def _popular(self) -> Iterator[Offer]:
        order, own = self.popularity.of(self.person.segment)
        # The last resort where nothing has been heard: what the model has for everybody.
        places = order if len(self._seeds) else np.concatenate([order, self.best])

        def why(chosen: Sequence[int]) -> list[str]:
            near, far = "popular with listeners like you", "popular"
            return [near if place in own else far for place in chosen]

        yield Offer(places, why)


def _alike(told: str, chosen: Sequence[int]) -> list[str]:
    """One reason for all."""
    return [told] * len(chosen)
