"""The blend as a family: for listeners of whom little is known yet."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.contract import Fit, Query, Scorer, TrainingData
from models.families.als import model as als
from models.families.popularity_blend.params import Params


class BlendScorer(Scorer):
    """Scores w f / max |f| + (1 - w) p, where w = h / (h + pivot) after h plays.

    f are the scores of the factorisation, whose largest is 1 in the blend, p the popularity.
    """

    def __init__(self, factors: Scorer, popularity: np.ndarray, pivot: float):
        """Puts the parts together.

        Args:
            factors: scores by seeds.
            popularity: float [N], at most 1.
            pivot: plays at which both weigh the same.
        """
        super().__init__(name="popularity_blend")
        self._factors = factors
        self._pivot = pivot
        self._popularity = tf.Variable(
            popularity.astype(np.float32), trainable=False, name="popularity"
        )

    def score(self, query: Query) -> tf.Tensor:
        """See `Scorer`."""
        scores = self._factors.score(query)
        largest = tf.reduce_max(tf.abs(scores), axis=1, keepdims=True)
        plays = tf.cast(tf.reduce_sum(query.plays, axis=1), tf.float32)[:, tf.newaxis]
        weight = plays / (plays + self._pivot)
        return weight * tf.math.divide_no_nan(scores, largest) + (1.0 - weight) * self._popularity


def recent_popularity(counts: np.ndarray, trend: np.ndarray | None) -> np.ndarray:
    """How popular tracks are, on a logarithmic scale up to 1.

    Args:
        counts: int64 [N], how many playlists hold each.
        trend: float64 [N], how often each was heard of late; None where that is not known.

    Returns:
        float64 [N], not below 0 by the trend, or without one by playlists. What was not heard of
        late follows in the order of playlists, below 0.
    """
    if trend is None:
        return _logarithmic(counts)
    return np.where(trend > 0, _logarithmic(trend), counts / (1.0 + counts.max(initial=0)) - 1.0)


def _logarithmic(values: np.ndarray) -> np.ndarray:
    logarithms = np.log1p(values)
    return logarithms / max(logarithms.max(initial=0.0), 1.0)


def fit(data: TrainingData, params: Params, seed: int, workdir: str) -> Fit:
    """Factorises train's playlists, and takes over how popular tracks are.

    Nothing is to choose, so `data.stop` is not read.
    """
    without_titles = params.factors.model_copy(update={"title_fallback": False})
    factors = als.fit(data, without_titles, seed, workdir).scorer
    popularity = recent_popularity(data.catalogue.counts, data.trend)
    return Fit(BlendScorer(factors, popularity, params.pivot))
