"""Sparse rows of scored tracks, kept in the graph and summed by a query."""

from __future__ import annotations

import numpy as np
import scipy.sparse
import tensorflow as tf

from models.rows import row_ids


class SparseRows(tf.Module):
    """A sparse float32 matrix [R, N] whose rows a query sums: scores += weights @ matrix[ids].

    Kept as compressed rows in variables, so its size is not bounded by the graph's 2 GB.
    """

    def __init__(self, matrix: scipy.sparse.csr_matrix, name: str | None = None):
        super().__init__(name=name)
        self._splits = tf.Variable(matrix.indptr.astype(np.int64), trainable=False, name="splits")
        self._columns = tf.Variable(
            matrix.indices.astype(np.int32), trainable=False, name="columns"
        )
        self._values = tf.Variable(matrix.data.astype(np.float32), trainable=False, name="values")

    def add_to(self, scores: tf.Tensor, ids: tf.RaggedTensor, weights: tf.Tensor) -> tf.Tensor:
        """Adds the weighted sum of rows to the scores of each query.

        Args:
            scores: float32 [B, N].
            ids: int64 ragged [B, (S)], rows of the matrix.
            weights: float32 [sum of S], one for each of the flat `ids`.

        Returns:
            float32 [B, N].
        """
        entry, columns, values = self.entries(ids.flat_values)
        queries = tf.gather(tf.cast(row_ids(ids), tf.int32), entry)
        values *= tf.gather(weights, entry)
        return tf.tensor_scatter_nd_add(scores, tf.stack([queries, columns], axis=1), values)

    def entries(self, ids: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The entries of some rows, one row after another.

        Args:
            ids: int64 [S], rows of the matrix.

        Returns:
            Of each entry its place in `ids`, int64 [E]; its column, int32 [E]; its value, float32
            [E].
        """
        starts, ends = (tf.gather(self._splits, ids + more) for more in (0, 1))
        positions = tf.ragged.range(starts, ends)
        columns = tf.gather(self._columns, positions.flat_values)
        return row_ids(positions), columns, tf.gather(self._values, positions.flat_values)


def keep_largest(matrix: scipy.sparse.csr_matrix, count: int) -> scipy.sparse.csr_matrix:
    """Returns the matrix with only the `count` largest entries of each row.

    Of equal entries those in the first columns stay.
    """
    matrix = matrix.sorted_indices()
    kept = np.ones(matrix.nnz, bool)
    for row in np.flatnonzero(np.diff(matrix.indptr) > count):
        start, end = matrix.indptr[row : row + 2]
        values = matrix.data[start:end]
        smallest = np.partition(values, len(values) - count)[len(values) - count]
        larger = values > smallest
        ties = np.flatnonzero(values == smallest)[: count - larger.sum()]
        kept[start:end] = larger
        kept[start + ties] = True
    splits = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
    return scipy.sparse.csr_matrix(
        (matrix.data[kept], matrix.indices[kept], splits), shape=matrix.shape
    )
