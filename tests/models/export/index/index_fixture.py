"""A scorer of made-up vectors: a query's vector is the sum of its seeds' and its n-grams'."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.contract import DotProductScorer, Query, Scorer


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


class NoProducts(Scorer):
    """Scores that are not dot products."""

    def score(self, query: Query) -> tf.Tensor:
        return tf.tile(tf.range(30, dtype=tf.float32)[tf.newaxis], [query.track_ids.nrows(), 1])
