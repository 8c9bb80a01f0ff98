"""Histories in the order of time, and what a query makes of them."""

from __future__ import annotations

import pathlib

import numpy as np
import pytest
import tensorflow as tf

from models.data import Vocabularies
from models.export.histories import Listeners, in_order, known_features
from models.export.queries import QueryBuilder
from tests.models.training_fixture import uri

NAN, INF = float("nan"), float("inf")


def ordered(uris: list[list[str]], times: list[list[int]]) -> list[list[bytes]]:
    width = len(uris[0]) if uris else 0
    rows = tf.reshape(tf.constant(uris, tf.string), [len(uris), width])
    return in_order(rows, tf.reshape(tf.constant(times, tf.int64), [len(uris), width])).to_list()


def test_streams_come_in_the_order_of_time() -> None:
    found = ordered([["a", "b", "c"], ["b", "a", "b"]], [[30, 10, 20], [3, 2, 1]])
    assert found == [[b"b", b"c", b"a"], [b"b", b"a", b"b"]]


def test_without_times_they_come_as_they_are_given_and_before_the_others() -> None:
    assert ordered([["a", "", "b", "a"]], [[0, 5, 0, 0]]) == [[b"a", b"b", b"a"]]
    assert ordered([["a", "b", "c", "d"]], [[7, 0, 3, -2]]) == [[b"b", b"d", b"c", b"a"]]


def test_a_track_at_the_same_time_was_streamed_once() -> None:
    assert ordered([["a", "b", "a", "a"]], [[4, 4, 4, 5]]) == [[b"a", b"b", b"a"]]
    # In another row it is another listener's.
    assert ordered([["a", "a"], ["a", ""]], [[4, 4], [4, 4]]) == [[b"a"], [b"a"]]


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (2, 0)])
def test_nothing_is_streamed(shape: tuple[int, int]) -> None:
    found = in_order(tf.zeros(shape, tf.string), tf.zeros(shape, tf.int64))
    assert found.to_list() == [[]] * shape[0]


def test_features_that_are_not_finite_are_not_known() -> None:
    (row,) = known_features(tf.constant([[1.0, NAN, INF, -INF, 0.0, -1.0, 2.0, 3.0]])).to_list()
    np.testing.assert_array_equal(row, [1, NAN, NAN, NAN, 0, -1, 2, 3])
    assert known_features(tf.zeros([2, 0])).to_list() == [[], []]


def test_another_number_of_features_is_refused() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="must have 0 or 8 columns"):
        known_features(tf.zeros([1, 7]))


@pytest.fixture
def builder(tmp_path: pathlib.Path) -> QueryBuilder:
    """Track 0 is by artist 1, track 1 by artist 0, track 2 by nobody known."""
    vocabularies = Vocabularies([uri(track).encode() for track in range(3)], [b"Ann", b"Bob"], [])
    return QueryBuilder(vocabularies, np.array([1, 0, -1]), str(tmp_path))


def strings(rows: list[list[str]]) -> tf.RaggedTensor:
    return tf.ragged.constant(rows, tf.string, ragged_rank=1, row_splits_dtype=tf.int64)


def test_the_last_play_decides_the_order_of_a_history(builder: QueryBuilder) -> None:
    """A playlist with the same tracks keeps its own order, and its repeats say nothing."""
    tracks = [uri(0), uri(1), uri(7), uri(0), uri(2), uri(1), uri(0)]
    features = tf.RaggedTensor.from_row_lengths(tf.range(8.0), tf.constant([8, 0], tf.int64))
    excluded = strings([[uri(1), uri(9)], []])
    query = builder.build(
        tf.constant(["", ""]),
        strings([tracks, tracks]),
        listeners=Listeners(tf.constant([True, False]), features, excluded),
    )
    assert query.track_ids.to_list() == [[2, 1, 0], [0, 1, 2]]
    assert query.plays.to_list() == [[1, 2, 3], [1, 1, 1]]
    assert query.artist_ids.to_list() == [[0, 1], [1, 0]]
    assert query.listener_features.to_list() == [[0, 1, 2, 3, 4, 5, 6, 7], []]
    assert sorted(query.hidden_ids.to_list()[0]) == [0, 1, 2]


def test_hidden_are_seeds_and_what_is_excluded(builder: QueryBuilder) -> None:
    listeners = Listeners.none(tf.constant(2, tf.int64))._replace(
        excluded=strings([[uri(2), uri(1), "", uri(2), "nonsense"], [uri(0)]])
    )
    query = builder.build(tf.constant(["", ""]), strings([[uri(1)], []]), listeners=listeners)
    assert [sorted(row) for row in query.hidden_ids.to_list()] == [[1, 2], [0]]
    assert query.track_ids.to_list() == [[1], []]


def test_of_a_playlist_nothing_is_known_and_its_seeds_are_hidden(builder: QueryBuilder) -> None:
    query = builder.build(tf.constant([""]), strings([[uri(2), uri(0), uri(2)]]))
    assert query.plays.to_list() == [[1, 1]]
    assert query.listener_features.to_list() == [[]]
    assert query.hidden_ids.to_list() == query.track_ids.to_list() == [[2, 0]]
