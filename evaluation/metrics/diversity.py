"""How many artists a list has."""

from __future__ import annotations

import dataclasses

import numpy as np

from evaluation.metrics.base import Metric, ratio
from evaluation.metrics.batch import DEPTH, Recommendations


@dataclasses.dataclass(frozen=True)
class ArtistDiversity(Metric):
    """Share of the pairs of recommended tracks that are by different artists.

    Tracks of an unknown artist are left out. NaN where fewer than two are left.

    Attributes:
        depth: recommendations that count.
    """

    name: str = "artist_diversity"
    label: str = "Artist diversity"
    meaning: str = "Share of the pairs of recommended tracks by different artists."
    brief: bool = False
    tested: bool = False
    depth: int = DEPTH
    is_accuracy = False
    needs = frozenset({"artists"})
    span = 1.0
    source = (
        "Ziegler et al., Improving recommendation lists through topic diversification (WWW 2005): "
        "1 − intra-list similarity, with the same artist as similarity 1"
    )

    def per_playlist(self, batch: Recommendations) -> np.ndarray:
        """See `Metric.per_playlist`."""
        if batch.artists is None:
            return np.full(len(batch), np.nan)
        artists = np.sort(batch.artists[:, : self.depth], axis=1)
        known = artists >= 0
        # In a sorted row each artist is a run; a run of length r has r(r − 1) / 2 equal pairs,
        # which is the sum of every member's position within its run.
        position = np.arange(artists.shape[1])
        starts = np.ones(artists.shape, dtype=bool)
        starts[:, 1:] = artists[:, 1:] != artists[:, :-1]
        run_start = np.maximum.accumulate(np.where(starts, position, 0), axis=1)
        same = np.where(known, position - run_start, 0).sum(axis=1)
        count = known.sum(axis=1)
        return 1 - ratio(same, count * (count - 1) // 2)
