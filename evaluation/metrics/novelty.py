"""How well known the recommended tracks are."""

from __future__ import annotations

import dataclasses

import numpy as np

from evaluation.metrics.base import Metric, ratio
from evaluation.metrics.batch import DEPTH, Recommendations


def _mean_known(values: np.ndarray) -> np.ndarray:
    known = ~np.isnan(values)
    return ratio(np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1))


@dataclasses.dataclass(frozen=True)
class Popularity(Metric):
    """Mean popularity of the recommended tracks; lower means less popularity bias.

    A track's popularity is the share of the train playlists that hold it, 0 where train lacks it.

    Attributes:
        depth: recommendations that count.
    """

    name: str = "popularity"
    label: str = "Popularity"
    meaning: str = "Mean share of the training playlists that hold a recommended track."
    brief: bool = False
    tested: bool = False
    depth: int = DEPTH
    higher_is_better = False
    is_accuracy = False
    needs = frozenset({"popularity"})
    span = 1.0
    source = (
        "Abdollahpouri et al., The unfairness of popularity bias in recommendation (RMSE at "
        "RecSys 2019): average recommendation popularity"
    )

    def per_playlist(self, batch: Recommendations) -> np.ndarray:
        """See `Metric.per_playlist`."""
        if batch.popularity is None:
            return np.full(len(batch), np.nan)
        return _mean_known(batch.popularity[:, : self.depth])


@dataclasses.dataclass(frozen=True)
class Novelty(Metric):
    """Mean self-information −log2(popularity) of the recommended tracks, in bits.

    A track that train lacks has no finite self-information and is left out.

    Attributes:
        depth: recommendations that count.
    """

    name: str = "novelty"
    label: str = "Novelty"
    meaning: str = "Mean self-information of the recommended tracks, in bits."
    brief: bool = False
    tested: bool = False
    depth: int = DEPTH
    is_accuracy = False
    needs = frozenset({"popularity"})
    span = 64.0  # bits that count more playlists than there can be
    decimals = 2
    source = (
        "Zhou et al., Solving the apparent diversity-accuracy dilemma of recommender systems "
        "(PNAS 107(10), 2010): surprisal; Vargas and Castells (RecSys 2011): MSI"
    )

    def per_playlist(self, batch: Recommendations) -> np.ndarray:
        """See `Metric.per_playlist`."""
        if batch.popularity is None:
            return np.full(len(batch), np.nan)
        popularity = batch.popularity[:, : self.depth]
        seen = np.where(popularity > 0, popularity, np.nan)
        return _mean_known(-np.log2(seen))
