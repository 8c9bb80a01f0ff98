from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
import tensorflow as tf

from models.families.shared.sparse_rows import SparseRows, keep_largest
from tests.models.training_fixture import query

MATRIX = scipy.sparse.csr_matrix(np.array([[0, 1, 2], [0, 0, 0], [3, 0, 4]], np.float32))


def test_adds_weighted_rows() -> None:
    ids = query([[2, 0], [], [1], [0]]).track_ids
    start = tf.constant([[1.0, 1, 1], [2, 2, 2], [0, 0, 0], [0, 0, 0]])
    scores = SparseRows(MATRIX).add_to(start, ids, tf.constant([10.0, 1, 5, 0.5]))
    # First: 1 + 10 * (3, 0, 4) + (0, 1, 2).
    assert scores.numpy().tolist() == [[31, 2, 43], [2, 2, 2], [0, 0, 0], [0, 0.5, 1]]


def test_a_row_twice_counts_twice() -> None:
    scores = SparseRows(MATRIX).add_to(tf.zeros([1, 3]), query([[2, 2]]).track_ids, tf.ones([2]))
    assert scores.numpy().tolist() == [[6, 0, 8]]


def test_entries_of_rows() -> None:
    places, columns, values = SparseRows(MATRIX).entries(tf.constant([2, 1, 0, 2], tf.int64))
    assert places.numpy().tolist() == [0, 0, 2, 2, 3, 3]
    assert columns.numpy().tolist() == [0, 2, 1, 2, 0, 2]
    assert values.numpy().tolist() == [3, 4, 1, 2, 3, 4]


def test_no_ids_and_no_queries() -> None:
    rows = SparseRows(MATRIX)
    assert rows.add_to(tf.ones([1, 3]), query([[]]).track_ids, tf.zeros([0])).numpy().min() == 1
    assert rows.add_to(tf.zeros([0, 3]), query([]).track_ids, tf.zeros([0])).shape == (0, 3)


def test_keep_largest_breaks_ties_by_column() -> None:
    dense = [[1, 5, 5, 5], [0, 0, 3, 0], [4, 3, 2, 1]]
    kept = keep_largest(scipy.sparse.csr_matrix(np.array(dense, np.float32)), 2)
    assert kept.toarray().tolist() == [[0, 5, 5, 0], [0, 0, 3, 0], [4, 3, 0, 0]]


@pytest.mark.parametrize("shape", [(0, 3), (2, 3)])
def test_keep_largest_of_nothing(shape: tuple[int, int]) -> None:
    assert keep_largest(scipy.sparse.csr_matrix(shape), 2).shape == shape
