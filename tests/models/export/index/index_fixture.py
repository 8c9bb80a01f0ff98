"""A scorer of made-up vectors: a query's vector is the sum of its seeds' and its n-grams'."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.contract import Additions, DotProductScorer, Query, Scorer

#: What is added, by mention: to tracks far apart, so that no probe finds them all.
ADDED_IDS = [[7, 20, 41, 3], [58]]
ADDED_VALUES = [[30.0, 50.0, 40.0, 1000.0], [0.5]]


def normal(rows: int, dimensions: int = 8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, dimensions), np.float32)


class Sums(DotProductScorer):
    """N-gram g is as good as track g; queries with n-gram 0 score 1000 - id instead."""

    uses_title = True

    def __init__(self, vectors: np.ndarray) -> None:
        super().__init__(name="sums")
        self.vectors = tf.Variable(vectors, trainable=False)

    def candidate_embeddings(self) -> tf.Tensor:
        return tf.convert_to_tensor(self.vectors)

    def query_embedding(self, query: Query) -> tf.Tensor:
        ids = tf.concat([query.track_ids, query.title_ngram_ids], axis=1)
        return tf.reduce_sum(tf.gather(self.vectors, ids), axis=1)

    def is_dot_product(self, query: Query) -> tf.Tensor:
        return ~tf.reduce_any(tf.equal(query.title_ngram_ids, 0), axis=1)

    def score(self, query: Query) -> tf.Tensor:
        products = tf.matmul(self.query_embedding(query), self.vectors, transpose_b=True)
        by_id = 1000.0 - tf.range(tf.shape(self.vectors)[0], dtype=tf.float32)
        return tf.where(self.is_dot_product(query)[:, tf.newaxis], products, by_id)


class Added(Sums):
    """And additions for what a title mentions."""

    def additions(self, query: Query) -> Additions:
        ids = tf.ragged.constant(ADDED_IDS, tf.int32, row_splits_dtype=tf.int64)
        values = tf.ragged.constant(ADDED_VALUES, tf.float32, row_splits_dtype=tf.int64)
        return Additions(
            *(tf.gather(part, query.mention_ids).merge_dims(1, 2) for part in (ids, values))
        )

    def score(self, query: Query) -> tf.Tensor:
        scores, added = super().score(query), self.additions(query)
        pairs = tf.stack([added.ids.value_rowids(), tf.cast(added.ids.flat_values, tf.int64)], 1)
        return tf.tensor_scatter_nd_add(scores, pairs, added.values.flat_values)


class NoProducts(Scorer):
    """Scores that are not dot products."""

    def score(self, query: Query) -> tf.Tensor:
        return tf.tile(tf.range(30, dtype=tf.float32)[tf.newaxis], [query.track_ids.nrows(), 1])
