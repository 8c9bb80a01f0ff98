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
