"""Popularity as a family: what any recommender must beat. It reads neither seeds nor title."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.contract import Fit, Query, Scorer, TrainingData
from models.families.popularity.params import Params


class PopularityScorer(Scorer):
    """Scores every track the same, whatever the query."""

    def __init__(self, counts: np.ndarray):
        super().__init__(name="popularity")
        self._counts = tf.Variable(counts.astype(np.float32), trainable=False, name="counts")

    def score(self, query: Query) -> tf.Tensor:
        """See `Scorer`."""
        return tf.tile(self._counts[tf.newaxis], [query.track_ids.nrows(), 1])


def fit(data: TrainingData, params: Params, seed: int, workdir: str) -> Fit:
    """Takes over how often tracks were heard of late, or else in how many playlists they are.

    Nothing is random. A query that says nothing gets the tracks of most playlists in any case, as
    with every family.
    """
    del params, seed, workdir
    counts = data.catalogue.counts
    if data.trend is None:
        return Fit(PopularityScorer(counts))
    # What was not heard of late follows in the order of playlists, below 0.
    rest = counts / (1.0 + counts.max(initial=0)) - 1.0
    return Fit(PopularityScorer(np.where(data.trend > 0, data.trend, rest)))
