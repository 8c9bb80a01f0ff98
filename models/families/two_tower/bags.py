"""Bags of ids: weighed, of unit length, and embedded as one vector."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import scipy.sparse
import tensorflow as tf

from models.rows import row_ids

#: How often an id is there counts as is, as its log(1 + count), or not at all.
Counting = Literal["count", "log", "once"]


class Entries(NamedTuple):
    """The entries of a sparse matrix, by row.

    Attributes:
        rows: int64 [E], ascending.
        ids: int64 [E], unique in a row.
        weights: float32 [E].
    """

    rows: tf.Tensor
    ids: tf.Tensor
    weights: tf.Tensor


def bag_entries(ids: tf.RaggedTensor, idf: tf.Tensor, counting: Counting) -> Entries:
    """Weighs what each row holds: f(count) * idf, then divided by the row's Euclidean length.

    Args:
        ids: int64 ragged [B, (S)], repeats counted.
        idf: float32 [C].
        counting: f.

    Returns:
        One entry for each id in a row; an empty row has none.
    """
    size = tf.cast(tf.size(idf), tf.int64)
    keys = tf.cast(row_ids(ids), tf.int64) * size + tf.cast(ids.flat_values, tf.int64)
    unique, _, counts = tf.unique_with_counts(keys)
    rows, columns = unique // size, unique % size
    weights = _count(tf.cast(counts, tf.float32), counting) * tf.gather(idf, columns)
    squares = tf.math.unsorted_segment_sum(tf.square(weights), rows, ids.nrows())
    return Entries(rows, columns, weights * tf.math.rsqrt(tf.gather(squares, rows)))


def bag_matrix(
    rows: scipy.sparse.csr_matrix, idf: np.ndarray, counting: Counting
) -> scipy.sparse.csr_matrix:
    """The same as `bag_entries` outside TensorFlow, for many rows at once.

    Args:
        rows: [R, C], how often each row holds each id.
        idf: float32 [C].
        counting: f.

    Returns:
        float32 [R, C], each row of Euclidean length 1; an empty row stays empty.
    """
    matrix = rows.astype(np.float32)
    if counting == "log":
        matrix.data = np.log1p(matrix.data)
    elif counting == "once":
        matrix.data[:] = 1.0
    matrix.data *= idf[matrix.indices]
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    matrix.data /= np.repeat(np.maximum(lengths, 1e-12), np.diff(matrix.indptr))
    return matrix


def _count(counts: tf.Tensor, counting: Counting) -> tf.Tensor:
    if counting == "log":
        return tf.math.log1p(counts)
    return counts if counting == "count" else tf.ones_like(counts)


def at_least_one_row(table: np.ndarray) -> np.ndarray:
    """Gives an empty table one row of zeros, since TensorFlow cannot gather from an empty one."""
    return table if len(table) else np.zeros((1, *table.shape[1:]), table.dtype)


class Bag(tf.keras.layers.Layer):
    """Embeds a bag of ids as the weighted sum of their vectors."""

    def __init__(
        self, vectors: np.ndarray, idf: np.ndarray, counting: Counting, name: str, trainable: bool
    ):
        """Takes over the vectors to start from.

        Args:
            vectors: float32 [C, d].
            idf: float32 [C].
            counting: how repeats count.
            name: of the layer.
            trainable: whether gradient steps change the vectors.
        """
        super().__init__(name=name, trainable=trainable)
        self._counting = counting
        self.idf = tf.Variable(at_least_one_row(idf), trainable=False, name="idf")
        self.vectors = tf.Variable(at_least_one_row(vectors), trainable=trainable, name="vectors")

    def call(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """Embeds int64 ragged [B, (S)] as float32 [B, d]; an empty row as zeros."""
        entries = bag_entries(ids, self.idf, self._counting)
        vectors = tf.gather(self.vectors, entries.ids) * entries.weights[:, tf.newaxis]
        return tf.math.unsorted_segment_sum(vectors, entries.rows, ids.nrows())
