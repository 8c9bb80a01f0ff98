"""A scorer of more tracks than were learnt from."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.contract import Additions, DotProductScorer, Query
from models.rows import keep


class ColdScorer(DotProductScorer):
    """Adds C tracks, which come after the N that another scorer knows.

    Their scores are dot products with the same vectors of playlists, and an offset. As seeds they
    say nothing.
    """

    def __init__(self, warm: DotProductScorer, vectors: np.ndarray, offset: float, known: int):
        """Puts them together.

        Args:
            warm: scores N tracks.
            vectors: float32 [C, d], of the others.
            offset: added to the scores of the others.
            known: N.
        """
        super().__init__(name="cold")
        self.uses_title = warm.uses_title
        self.uses_artists = warm.uses_artists
        self._warm = warm
        self._known = known
        with_offset = np.pad(vectors, [(0, 0), (0, 1)], constant_values=offset)
        self._cold = tf.Variable(with_offset.astype(np.float32), trainable=False, name="cold")

    def candidate_embeddings(self) -> tf.Tensor:
        """float32 [N + C, d + 1]."""
        return tf.concat([_padded(self._warm.candidate_embeddings()), self._cold], axis=0)

    def track_vectors(self, ids: tf.Tensor) -> tf.Tensor:
        """See `DotProductScorer`."""
        ids = tf.cast(ids, tf.int64)
        is_cold = ids >= self._known
        warm = self._warm.track_vectors(tf.where(is_cold, tf.zeros_like(ids), ids))
        cold = tf.gather(self._cold, tf.maximum(ids - self._known, 0))
        return tf.where(is_cold[:, tf.newaxis], cold, _padded(warm))

    def query_embedding(self, query: Query) -> tf.Tensor:
        """float32 [B, d + 1]."""
        vectors = self._warm.query_embedding(self._of_known(query))
        return tf.concat([vectors, tf.ones_like(vectors[:, :1])], axis=1)

    def score(self, query: Query) -> tf.Tensor:
        """See `Scorer`; where the other's scores are no dot products, cold tracks have none."""
        query = self._of_known(query)
        cold = tf.matmul(self.query_embedding(query), self._cold, transpose_b=True)
        comparable = self._warm.is_dot_product(query)[:, tf.newaxis]
        cold = tf.where(comparable, cold, tf.fill(tf.shape(cold), np.float32(-np.inf)))
        return tf.concat([self._warm.score(query), cold], axis=1)

    def additions(self, query: Query) -> Additions | None:
        """See `DotProductScorer`."""
        return self._warm.additions(self._of_known(query))

    def is_dot_product(self, query: Query) -> tf.Tensor:
        """See `DotProductScorer`."""
        return self._warm.is_dot_product(self._of_known(query))

    def has_signal(self, query: Query) -> tf.Tensor:
        """See `Scorer`."""
        return self._warm.has_signal(self._of_known(query))

    def _of_known(self, query: Query) -> Query:
        tracks = query.track_ids
        known = tracks.flat_values < self._known
        return query._replace(track_ids=keep(tracks, known), plays=keep(query.plays, known))


def _padded(vectors: tf.Tensor) -> tf.Tensor:
    return tf.pad(vectors, [(0, 0), (0, 1)])
