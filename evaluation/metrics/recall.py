"""Recall and hit rate at a depth."""

from __future__ import annotations

import dataclasses

import numpy as np

from evaluation.metrics.base import Metric, ratio
from evaluation.metrics.batch import Recommendations

_SOURCE = "Manning, Raghavan and Schütze, Introduction to Information Retrieval (2008), chapter 8"


@dataclasses.dataclass(frozen=True)
class Recall(Metric):
    """|first `depth` recommendations ∩ G| / |G|, G the withheld tracks.

    Attributes:
        depth: recommendations that count.
    """

    name: str = "recall@500"
    depth: int = 500
    formula = "share of the withheld tracks that are among the first k recommendations"
    source = _SOURCE

    @classmethod
    def at(cls, depth: int) -> Recall:
        """Recall at a depth, named after it."""
        return cls(f"recall@{depth}", depth)

    def per_playlist(self, batch: Recommendations) -> np.ndarray:
        """See `Metric.per_playlist`."""
        return ratio(batch.hits[:, : self.depth].sum(axis=1), batch.num_relevant)


@dataclasses.dataclass(frozen=True)
class HitRate(Metric):
    """Whether any of the first `depth` recommendations was withheld, 0 or 1.

    Attributes:
        depth: recommendations that count.
    """

    name: str = "hit_rate@10"
    depth: int = 10
    binary = True
    formula = "1 where any of the first k recommendations was withheld, else 0"
    source = "Deshpande and Karypis, Item-based top-N recommendation (ACM TOIS 22(1), 2004)"

    @classmethod
    def at(cls, depth: int) -> HitRate:
        """Hit rate at a depth, named after it."""
        return cls(f"hit_rate@{depth}", depth)

    def per_playlist(self, batch: Recommendations) -> np.ndarray:
        """See `Metric.per_playlist`."""
        hit = batch.hits[:, : self.depth].any(axis=1)
        return np.where(batch.num_relevant > 0, hit, np.nan)
