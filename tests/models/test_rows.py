from __future__ import annotations

import pytest
import tensorflow as tf

from models.rows import beside, grouped, keep, pad, places_of, row_ids, rows_of, window
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


@pytest.mark.parametrize(("rows", "owners"), ROWS)
def test_values_go_back_to_their_rows(rows: list[list[int]], owners: list[int]) -> None:
    given = ragged(rows).to_tensor()
    count = tf.constant(len(rows), tf.int64)
    found = grouped(given.flat_values, tf.constant(owners, tf.int64), count)
    assert found.to_list() == rows


@pytest.mark.parametrize(("start", "expected"), [(0, [[5, 6], []]), (1, [[], [7]]), (2, [[7], []])])
def test_rows_that_follow_each_other(start: int, expected: list[list[int]]) -> None:
    given = ragged([[5, 6], [], [7], []]).to_tensor()
    taken = window([given, given + 10], tf.constant(start), tf.constant(2))
    more = [[value + 10 for value in row] for row in expected]
    assert [part.to_list() for part in taken] == [expected, more]


@pytest.mark.parametrize(("rows", "count"), [([[5, 6], []], 2), ([[1]], 0), ([], 1)])
def test_empty_rows_are_appended(rows: list[list[int]], count: int) -> None:
    given = ragged(rows).to_tensor()
    for part in pad([given, given], tf.constant(count)):
        assert part.to_list() == rows + [[]] * count


@pytest.mark.parametrize("left", [[[5, 6], [], [7], []], [[], [], [], []]])
@pytest.mark.parametrize("right", [[[1], [2, 3], [], [4, 5]], [[], [], [], []]])
def test_rows_are_put_beside_each_other(left: list[list[int]], right: list[list[int]]) -> None:
    both = [one + other for one, other in zip(left, right, strict=True)]
    assert beside(ragged(left).to_tensor(), ragged(right).to_tensor()).to_list() == both


@pytest.mark.parametrize("rows", [[["a", "b"], ["", "c"]], [[], []]])
def test_a_tensors_rows_are_kept_as_they_are(rows: list[list[str]]) -> None:
    dense = tf.reshape(tf.constant(rows, tf.string), [2, len(rows[0])])
    found = rows_of(dense)
    assert found.row_splits.dtype == tf.int64
    assert [[value.decode() for value in row] for row in found.to_list()] == rows
    assert rows_of(dense[:0]).to_list() == []


def test_where_a_mask_is_true() -> None:
    assert places_of(tf.constant([True, False, True])).numpy().tolist() == [0, 2]
    assert places_of(tf.constant([], tf.bool)).numpy().tolist() == []
