from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from models.data import Ragged

ROWS = Ragged.from_rows([[4, 0], [], [1, 4, 1]])


def lists(rows: Ragged) -> list[list[int]]:
    assert rows.splits[0] == 0
    assert rows.splits[-1] == len(rows.values)
    assert (rows.values.dtype, rows.splits.dtype) == (np.int32, np.int64)
    return [rows.row(index).tolist() for index in range(len(rows))]


def test_rows() -> None:
    assert lists(ROWS) == [[4, 0], [], [1, 4, 1]]
    assert ROWS.lengths.tolist() == [2, 0, 3]
    assert lists(Ragged.from_rows([])) == []


def test_rows_of_a_tensor_without_what_is_unknown() -> None:
    rows = tf.ragged.constant([[2, -1, 1, 2], [-1], []], tf.int64)
    assert lists(Ragged.from_tensor(rows, unique=False)) == [[2, 1, 2], [], []]
    assert lists(Ragged.from_tensor(rows, unique=True)) == [[2, 1], [], []]


def test_some_rows_in_any_order() -> None:
    assert lists(ROWS.select(np.array([2, 0, 2]))) == [[1, 4, 1], [4, 0], [1, 4, 1]]
    assert lists(ROWS.select(np.array([], np.int64))) == []


def test_one_after_another() -> None:
    both = Ragged.concatenate([ROWS, Ragged.from_rows([[7], []])])
    assert lists(both) == [[4, 0], [], [1, 4, 1], [7], []]
    assert lists(Ragged.concatenate([])) == []


def test_other_ids() -> None:
    # Tracks 0 and 4 are by artist 7, and that of track 1 is unknown.
    assert lists(ROWS.map_ids(np.array([7, -1, 3, 3, 7]))) == [[7, 7], [], [7]]


def test_a_matrix_counts_repeats_and_is_a_copy() -> None:
    matrix = ROWS.to_csr(5)
    assert matrix.toarray().tolist() == [[1, 0, 0, 0, 1], [0] * 5, [0, 2, 0, 0, 1]]
    matrix.data[:] = 9
    assert lists(ROWS) == [[4, 0], [], [1, 4, 1]]


@pytest.mark.parametrize("rows", [ROWS, Ragged.from_rows([])])
def test_a_tensor(rows: Ragged) -> None:
    tensor = rows.to_tensor()
    assert tensor.dtype == tensor.row_splits.dtype == tf.int64
    assert tensor.to_list() == lists(rows)
