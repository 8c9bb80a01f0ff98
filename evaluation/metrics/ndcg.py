"""Normalised discounted cumulative gain."""

from __future__ import annotations

import dataclasses

import numpy as np

from evaluation.metrics.base import Metric, ratio
from evaluation.metrics.batch import DEPTH, Recommendations


def discounts(depth: int) -> np.ndarray:
    """1 / log2(rank + 1) for the ranks 1 to `depth`."""
    return 1 / np.log2(np.arange(2, depth + 2))


def ideal_dcg(num_relevant: np.ndarray, depth: int = DEPTH) -> np.ndarray:
    """The gain of a list that starts with all relevant tracks, `depth` deep.

    Args:
        num_relevant: int [P].
        depth: how deep lists are judged.

    Returns:
        float64 [P], 0 where nothing is relevant.
    """
    cumulated = np.concatenate([[0.0], np.cumsum(discounts(depth))])
    return cumulated[np.minimum(num_relevant, depth)]


@dataclasses.dataclass(frozen=True)
class NDCG(Metric):
    """Binary gains, discount log2(rank + 1), ideal over min(|G|, depth) tracks.

    Attributes:
        depth: recommendations that count.
    """

    name: str = "ndcg"
    label: str = "NDCG"
    meaning: str = "Withheld tracks found in the list of 500, the earlier the more they count."
    depth: int = DEPTH
    span = 1.0
    source = (
        "Järvelin and Kekäläinen, Cumulated gain-based evaluation of IR techniques (ACM TOIS 20(4),"
        " 2002); discount from rank 1 as in the challenge's scoring"
    )

    def per_playlist(self, batch: Recommendations) -> np.ndarray:
        """See `Metric.per_playlist`."""
        hits = batch.hits[:, : self.depth]
        gain = hits @ discounts(hits.shape[1])
        return ratio(gain, ideal_dcg(batch.num_relevant, self.depth))

    def ceiling(self, total: np.ndarray, reachable: np.ndarray) -> np.ndarray:
        """See `Metric.ceiling`."""
        return ratio(ideal_dcg(reachable, self.depth), ideal_dcg(total, self.depth))

    def without_unreachable(
        self, values: np.ndarray, total: np.ndarray, reachable: np.ndarray
    ) -> np.ndarray:
        """See `Metric.without_unreachable`."""
        return values * ratio(ideal_dcg(total, self.depth), ideal_dcg(reachable, self.depth))
