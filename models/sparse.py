"""Rows of ids as SciPy sparse matrices."""

from __future__ import annotations

import numpy as np
import scipy.sparse

from models.contract import Ragged


def to_csr(rows: Ragged, num_columns: int) -> scipy.sparse.csr_matrix:
    """Returns float32 [len(rows), num_columns]: how often each row holds each id."""
    ones = np.ones(len(rows.values), np.float32)
    matrix = scipy.sparse.csr_matrix(
        (ones, rows.values, rows.splits), shape=(len(rows), num_columns), copy=True
    )
    matrix.sum_duplicates()
    return matrix


def keep_largest(matrix: scipy.sparse.csr_matrix, count: int) -> scipy.sparse.csr_matrix:
    """Returns the matrix with only the `count` largest entries of each row, ties by column."""
    lengths = np.diff(matrix.indptr)
    if not len(lengths) or lengths.max() <= count:
        return matrix
    rows = np.repeat(np.arange(len(lengths)), lengths)
    order = np.lexsort((matrix.indices, -matrix.data, rows))
    rank = np.arange(len(order)) - matrix.indptr[rows]
    kept = order[rank < count]
    splits = np.concatenate([[0], np.cumsum(np.minimum(lengths, count))])
    return scipy.sparse.csr_matrix(
        (matrix.data[kept], matrix.indices[kept], splits), shape=matrix.shape
    )
