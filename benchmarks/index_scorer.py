"""A scorer of given vectors, for given vectors of queries."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import tensorflow as tf

from models.contract import DotProductScorer, Query


class Asked(DotProductScorer):
    """A query is a number instead of tracks and titles; it stands where artists' ids do."""

    uses_artists = True

    def __init__(self, vectors: np.ndarray, queries: np.ndarray) -> None:
        """Takes over the vectors.

        Args:
            vectors: float32 [N, d], of tracks.
            queries: float32 [Q, d].
        """
        super().__init__(name="asked")
        # One track a column, as the families have them.
        self._vectors = tf.Variable(np.ascontiguousarray(vectors.T), trainable=False)
        self._queries = tf.Variable(queries, trainable=False)

    def ask(self, numbers: tf.Tensor | Iterable[int]) -> Query:
        """The queries of these numbers, int64 [B]."""
        if not tf.is_tensor(numbers):
            numbers = tf.constant(list(numbers), tf.int64)
        one_each = tf.RaggedTensor.from_uniform_row_length(numbers, tf.constant(1, tf.int64))
        one_each = tf.RaggedTensor.from_row_splits(one_each.flat_values, one_each.row_splits)
        empty = tf.RaggedTensor.from_row_lengths(
            tf.zeros([0], tf.int64), tf.zeros_like(numbers, tf.int64)
        )
        return Query.of_playlists(empty, one_each, empty, empty)

    def candidate_embeddings(self) -> tf.Tensor:
        """See `DotProductScorer`."""
        return tf.transpose(self._vectors)

    def query_embedding(self, query: Query) -> tf.Tensor:
        """See `DotProductScorer`."""
        return tf.gather(self._queries, query.artist_ids.flat_values)

    def score(self, query: Query) -> tf.Tensor:
        """See `Scorer`."""
        return tf.matmul(self.query_embedding(query), self._vectors)
