"""Metrics of the first hit's rank: clicks and the reciprocal rank."""

from __future__ import annotations

import dataclasses

import numpy as np

from evaluation.metrics.base import Metric
from evaluation.metrics.batch import DEPTH, Recommendations


def _first_rank(batch: Recommendations, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """Zero-based rank of the first hit, and whether there is one."""
    hits = batch.hits[:, :depth]
    if not hits.shape[1]:
        return np.zeros(len(batch), dtype=np.int64), np.zeros(len(batch), dtype=bool)
    return hits.argmax(axis=1), hits.any(axis=1)


@dataclasses.dataclass(frozen=True)
class Clicks(Metric):
    """Pages of ten that a listener turns before the first hit; lower is better.

    Attributes:
        page: recommendations on a page.
        depth: recommendations that count; without a hit among them the value is
            depth / page + 1, 51 in the challenge.
    """

    name: str = "clicks"
    label: str = "Clicks"
    meaning: str = "Refreshes of ten tracks until the first withheld one; 51 where none is."
    page: int = 10
    depth: int = DEPTH
    higher_is_better = False
    decimals = 2
    span = 51.0
    source = "RecSys Challenge 2018, recommended songs clicks (as for R-precision)"

    @property
    def none(self) -> int:
        """The value without any hit."""
        return self.depth // self.page + 1

    def per_playlist(self, batch: Recommendations) -> np.ndarray:
        """See `Metric.per_playlist`."""
        first, found = _first_rank(batch, self.depth)
        clicks = np.where(found, first // self.page, self.none)
        return np.where(batch.num_relevant > 0, clicks, np.nan)

    def ceiling(self, total: np.ndarray, reachable: np.ndarray) -> np.ndarray:
        """See `Metric.ceiling`."""
        return np.where(reachable > 0, 0.0, self.none)


@dataclasses.dataclass(frozen=True)
class MRR(Metric):
    """1 / rank of the first hit, 0 where there is none.

    Attributes:
        depth: recommendations that count.
    """

    name: str = "mrr"
    label: str = "MRR"
    meaning: str = "Mean of 1 / rank of the first withheld track."
    brief: bool = False
    tested: bool = False
    depth: int = DEPTH
    span = 1.0
    source = "Voorhees, The TREC-8 question answering track report (TREC 1999)"

    def per_playlist(self, batch: Recommendations) -> np.ndarray:
        """See `Metric.per_playlist`."""
        first, found = _first_rank(batch, self.depth)
        return np.where(batch.num_relevant > 0, np.where(found, 1 / (first + 1), 0.0), np.nan)

    def ceiling(self, total: np.ndarray, reachable: np.ndarray) -> np.ndarray:
        """See `Metric.ceiling`."""
        return np.where(reachable > 0, 1.0, 0.0)
