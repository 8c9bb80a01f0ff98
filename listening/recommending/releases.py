"""What came out lately, by artists whom a listener follows, or whom those play whom they follow."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from listening.recommending.inputs import Inputs
from listening.recommending.people import Person, blocks
from listening.recommending.tracks import Tracks


@dataclasses.dataclass(frozen=True)
class Releases:
    """Tracks that came out lately, and who plays their artists.

    Attributes:
        day: for which lists are made.
        tracks: of the table.
        recent: int64, places of the tracks, newest first.
        listeners: who plays an artist of one of these much, in their order: S32 [m].
        ends: int64, where the artists of each listener end among `artists`.
        artists: int64, numbers of artists.
    """

    day: datetime.date
    tracks: Tracks
    recent: np.ndarray
    listeners: np.ndarray
    ends: np.ndarray
    artists: np.ndarray

    @classmethod
    def none(cls, day: datetime.date, tracks: Tracks) -> Releases:
        """No releases at all, where it is not known who plays what."""
        nothing = np.empty(0, np.int64)
        return cls(day, tracks, nothing, np.empty(0, "S32"), np.zeros(1, np.int64), nothing)

    @classmethod
    def found(cls, inputs: Inputs, tracks: Tracks, days: int) -> Releases:
        """Finds the releases of the days before a day.

        Args:
            inputs: the listening history, whose most played artists count.
            tracks: of the table.
            days: how far back; 0 where no policy asks for releases.
        """
        recent = tracks.released_within(inputs.day, days) if days else np.empty(0, np.int64)
        new = tracks.artists.take(pa.array(np.unique(tracks.artist[recent])))
        listeners, counts, artists = [], [], []
        for rows in blocks(inputs.history, ("top_artists",)) if len(recent) else ():
            lists = rows.column("top_artists").combine_chunks()
            flat = lists.flatten()
            there = pc.is_in(flat, new)
            owners = np.asarray(pc.list_parent_indices(lists), np.int64)[np.asarray(there)]
            playing = np.unique(owners)
            names = rows.column("listener_id").take(pa.array(playing)).to_pylist()
            listeners.append(np.array(names, "S32"))
            counts.append(np.bincount(owners, minlength=1)[playing])
            artists.append(tracks.artist_numbers(flat.filter(there).to_pylist()))
        return cls(
            day=inputs.day,
            tracks=tracks,
            recent=recent,
            listeners=np.concatenate([np.empty(0, "S32"), *listeners]),
            ends=np.cumsum(np.concatenate([np.zeros(1, np.int64), *counts])),
            artists=np.concatenate([np.empty(0, np.int64), *artists]),
        )

    def weights(self, person: Person) -> dict[int, float]:
        """Artists whom those play whom a listener follows, by how alike they all listen."""
        if not person.neighbours or not len(self.listeners):
            return {}
        found: dict[int, float] = {}
        names = np.array([name for name, _ in person.neighbours], "S32")
        places = np.minimum(np.searchsorted(self.listeners, names), len(self.listeners) - 1)
        there = self.listeners[places] == names
        for place, plays, (_, alike) in zip(
            places.tolist(), there.tolist(), person.neighbours, strict=True
        ):
            for artist in self.artists[self.ends[place] : self.ends[place + 1]] if plays else ():
                found[int(artist)] = found.get(int(artist), 0.0) + alike
        return found

    def of(
        self, days: int, followed: set[int], weights: Mapping[int, float], best: np.ndarray
    ) -> np.ndarray:
        """The releases of some artists, int64.

        Args:
            days: how far back.
            followed: artists whose releases come first.
            weights: of other artists: the greater, the earlier their releases come.
            best: the model's tracks: of releases that are as near, these come first, in their
                order; then the newest.
        """
        nearness = np.full(len(self.tracks.artists), -1.0)
        for artist, weight in weights.items():
            nearness[artist] = weight
        nearness[list(followed)] = np.inf
        near = nearness[self._artists]
        kept = (near >= 0) & (self._age <= days)
        places = self.recent[kept]
        if not len(places):
            return places
        order = np.argsort(best, kind="stable")
        at = np.searchsorted(best, places, sorter=order)
        rank = np.append(order, len(best))[at]
        rank[np.append(best, -1)[rank] != places] = len(best)
        # `places` are the newest first, which a stable sort keeps.
        return places[np.lexsort((rank, -near[kept]))]

    @functools.cached_property
    def _artists(self) -> np.ndarray:
        return self.tracks.artist[self.recent]

    @functools.cached_property
    def _age(self) -> np.ndarray:
        return self.tracks.ages(self.day)[self.recent]
