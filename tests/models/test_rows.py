from __future__ import annotations

import pytest
import tensorflow as tf

from models.rows import keep, row_ids
from tests.models.training_fixture import ragged

ROWS = [
    ([[5, 6], [], [7]], [0, 0, 2]),
    ([[], [], [1], [], []], [2]),
    ([[], []], []),
    ([], []),
]


@pytest.mark.parametrize(("rows", "expected"), ROWS)
def test_the_row_of_each_value(rows: list[list[int]], expected: list[int]) -> None:
    given = ragged(rows).to_tensor()
    found = row_ids(given)
    assert found.dtype == given.row_splits.dtype
    assert found.numpy().tolist() == expected == given.value_rowids().numpy().tolist()


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        ([True, False, True], [[5], [], [7]]),
        ([False, True, False], [[6], [], []]),
        ([False, False, False], [[], [], []]),
        ([True, True, True], [[5, 6], [], [7]]),
    ],
)
def test_rows_stay_when_values_go(kept: list[bool], expected: list[list[int]]) -> None:
    assert keep(ragged([[5, 6], [], [7]]).to_tensor(), tf.constant(kept)).to_list() == expected
