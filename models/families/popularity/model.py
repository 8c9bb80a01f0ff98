"""Popularity as a family: what any recommender must beat. It reads neither seeds nor title."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.contract import Fit, Query, Scorer, TrainingData
from models.families.popularity.params import Params


class PopularityScorer(Scorer):
    """Scores every track by how many of train's playlists hold it, whatever the query."""

    def __init__(self, counts: np.ndarray):
        super().__init__(name="popularity")
        self._counts = tf.Variable(counts.astype(np.float32), trainable=False, name="counts")

    def score(self, query: Query) -> tf.Tensor:
        """See `Scorer`."""
        return tf.tile(self._counts[tf.newaxis], [query.track_ids.nrows(), 1])


def fit(data: TrainingData, params: Params, seed: int, workdir: str) -> Fit:
    """Takes the counts over from the catalogue; nothing is random."""
    del params, seed, workdir
    return Fit(PopularityScorer(data.catalogue.counts))
