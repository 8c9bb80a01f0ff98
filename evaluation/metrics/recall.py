"""Recall and hit rate at a depth."""

from __future__ import annotations

import dataclasses

import numpy as np

from evaluation.metrics.base import Metric, ratio
from evaluation.metrics.batch import DEPTH, Recommendations

_SOURCE = "Manning, Raghavan and Schütze, Introduction to Information Retrieval (2008), chapter 8"


@dataclasses.dataclass(frozen=True)
class Recall(Metric):
    """|first `depth` recommendations ∩ G| / |G|, G the withheld tracks.

    Attributes:
        depth: recommendations that count.
    """

    name: str = f"recall@{DEPTH}"
    label: str = f"Recall@{DEPTH}"
    meaning: str = f"Share of withheld tracks in the first {DEPTH}."
    depth: int = DEPTH
    span = 1.0
    source = _SOURCE

    @classmethod
    def at(cls, depth: int, *, brief: bool = False) -> Recall:
        """Recall at a depth, named after it; see `Measure` for `brief`."""
        return cls(
            name=f"recall@{depth}",
            label=f"Recall@{depth}",
            meaning=f"Share of withheld tracks in the first {depth}.",
            short=f"R@{depth}",
            brief=brief,
            depth=depth,
        )

    def per_playlist(self, batch: Recommendations) -> np.ndarray:
        """See `Metric.per_playlist`."""
        return ratio(batch.hits[:, : self.depth].sum(axis=1), batch.num_relevant)

    def ceiling(self, total: np.ndarray, reachable: np.ndarray) -> np.ndarray:
        """See `Metric.ceiling`."""
        return ratio(np.minimum(reachable, self.depth), total)

    def without_unreachable(
        self, values: np.ndarray, total: np.ndarray, reachable: np.ndarray
    ) -> np.ndarray:
        """See `Metric.without_unreachable`."""
        return values * ratio(total, reachable)


@dataclasses.dataclass(frozen=True)
class HitRate(Metric):
    """Whether any of the first `depth` recommendations was withheld, 0 or 1.

    Attributes:
        depth: recommendations that count.
    """

    name: str = "hit_rate@10"
    label: str = "Hit rate@10"
    meaning: str = "Share of playlists with a withheld track in the first 10."
    depth: int = 10
    binary = True
    span = 1.0
    source = "Deshpande and Karypis, Item-based top-N recommendation (ACM TOIS 22(1), 2004)"

    @classmethod
    def at(cls, depth: int, *, brief: bool = False) -> HitRate:
        """Hit rate at a depth, named after it; see `Measure` for `brief`."""
        return cls(
            name=f"hit_rate@{depth}",
            label=f"Hit rate@{depth}",
            meaning=f"Share of playlists with a withheld track in the first {depth}.",
            brief=brief,
            depth=depth,
        )

    def per_playlist(self, batch: Recommendations) -> np.ndarray:
        """See `Metric.per_playlist`."""
        hit = batch.hits[:, : self.depth].any(axis=1)
        return np.where(batch.num_relevant > 0, hit, np.nan)

    def ceiling(self, total: np.ndarray, reachable: np.ndarray) -> np.ndarray:
        """See `Metric.ceiling`."""
        return np.where(reachable > 0, 1.0, 0.0)
