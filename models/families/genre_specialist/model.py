"""The specialist as a family: what it knows of genres are clusters of tracks' vectors."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.contract import DotProductScorer, Fit, Query, Scorer, TrainingData
from models.export.index import clustering
from models.families.als import model as als
from models.families.genre_specialist.params import Params
from models.rows import row_ids


class SpecialistScorer(Scorer):
    """Scores as a factorisation does, but puts tracks of other clusters behind all others.

    A listener's clusters are the fewest that hold the wanted share of the seeds. Without seeds no
    cluster is preferred.
    """

    def __init__(self, factors: Scorer, clusters: np.ndarray, share: float):
        """Puts the parts together.

        Args:
            factors: scores by seeds.
            clusters: int [N], of each track.
            share: of the seeds, how many a listener's clusters hold at least.
        """
        super().__init__(name="genre_specialist")
        self.uses_title = factors.uses_title
        self._factors = factors
        self._share = share
        self._count = int(clusters.max(initial=0)) + 1
        self._clusters = tf.Variable(clusters.astype(np.int32), trainable=False, name="clusters")

    def at_home(self, query: Query) -> tf.Tensor:
        """Which clusters are a listener's: bool [B, C]."""
        rows = query.track_ids.nrows(out_type=tf.int32)
        owners = tf.cast(row_ids(query.track_ids), tf.int32)
        cells = owners * self._count + tf.gather(self._clusters, query.track_ids.flat_values)
        held = tf.math.bincount(cells, minlength=rows * self._count)
        held = tf.reshape(held, [rows, self._count])
        most, order = tf.math.top_k(held, self._count)
        before = tf.cast(tf.cumsum(most, axis=1, exclusive=True), tf.float32)
        total = tf.cast(tf.reduce_sum(held, axis=1, keepdims=True), tf.float32)
        wanted = (most > 0) & (before < self._share * total)
        places = tf.argsort(order, axis=1)
        return tf.gather(wanted, places, batch_dims=1)

    def score(self, query: Query) -> tf.Tensor:
        """See `Scorer`."""
        scores = self._factors.score(query)
        highest, lowest = (
            reduce(scores, axis=1, keepdims=True) for reduce in (tf.reduce_max, tf.reduce_min)
        )
        inside = tf.gather(self.at_home(query), self._clusters, axis=1)
        return tf.where(inside, scores, scores - (highest - lowest + 1.0))


def cluster(vectors: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Clusters vectors by their direction: k-means of unit vectors.

    Args:
        vectors: float32 [N, d]; the product of two says how alike tracks are.
        count: how many clusters, at most.
        seed: of where to start.

    Returns:
        int32 [N].
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return clustering.nearest(units, clustering.find_centres(units, count, seed))


def fit(data: TrainingData, params: Params, seed: int, workdir: str) -> Fit:
    """Factorises train's playlists and clusters the vectors of tracks.

    Nothing is to choose, so `data.stop` is not read.
    """
    factors = als.fit(data, params.factors, seed, workdir).scorer
    assert isinstance(factors, DotProductScorer)
    clusters = cluster(factors.candidate_embeddings().numpy(), params.clusters, seed)
    return Fit(SpecialistScorer(factors, clusters, params.share))
