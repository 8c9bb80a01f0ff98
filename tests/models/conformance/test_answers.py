from __future__ import annotations

import numpy as np
import pytest

from models.conformance.answers import assert_same_recommendations

INF = float("inf")
TRACKS, SCORES = ["a", "b", "c", "d"], [4.0, 3.0, 3.0, 1.0]


def compare(tracks: list, scores: list, other_tracks: list, other_scores: list) -> None:
    """Both ways round, as the second of two rows."""
    rows = [
        (np.array([TRACKS, given]), np.array([SCORES, values], np.float32))
        for given, values in ((tracks, scores), (other_tracks, other_scores))
    ]
    assert_same_recommendations(rows[0], rows[1])
    assert_same_recommendations(rows[1], rows[0])


@pytest.mark.parametrize(
    ("tracks", "scores"),
    [
        (["a", "b", "c", "d"], [4, 3, 3, 1]),
        (["a", "c", "b", "d"], [4, 3, 3, 1]),  # a tie, the other way round
        (["a", "c", "b", "d"], [4.00001, 3.00001, 2.99999, 1.00001]),  # and off by rounding
        (["a", "b", "c", "e"], [4, 3, 3, 1.00001]),  # "e" ties with "d" at the cut-off
    ],
)
def test_rounding_is_allowed(tracks: list, scores: list) -> None:
    compare(tracks, scores, TRACKS, SCORES)


@pytest.mark.parametrize(
    ("tracks", "scores", "words"),
    [
        (["b", "a", "c", "d"], [4, 3, 3, 1], "Row 1: '[ab]' scores"),  # no tie changes places
        (["a", "b", "d", "c"], [4, 3, 3, 1], "Row 1: '[cd]' scores"),
        (["b", "a", "c", "d"], [3, 4, 3, 1], "best does not come first"),
        (["a", "b", "c", "d"], [4, 3, 2.99, 1], "Row 1: 'c' scores"),
        (["a", "b", "c", "d"], [4, 3, 3, float("nan")], "Row 1: 'd' scores|best does not"),
        (["a", "e", "c", "d"], [4, 3, 3, 1], "Row 1: '[be]' scores"),  # not at the cut-off
        (["a", "b", "c", "e"], [4, 3, 3, 1.01], "Row 1: '[de]' scores"),  # better than a tie
        (["a", "b", "c", ""], [4, 3, 3, -INF], "Row 1 has . tracks, not ."),
        (["a", "b", "c", "c"], [4, 3, 3, 1], "twice"),
        (["a", "b", "", "d"], [4, 3, -INF, 1], "behind an empty one"),
    ],
)
def test_other_answers_are_told(tracks: list, scores: list, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        compare(tracks, scores, TRACKS, SCORES)
    with pytest.raises(AssertionError, match=words):
        compare(TRACKS, SCORES, tracks, scores)


def test_empty_places_may_hold_anything() -> None:
    compare(["a", "b", "", ""], [4, 3, -INF, -INF], ["a", "b", "x", "y"], [4, 3, -INF, -INF])


def test_a_track_that_ties_is_missed_where_there_is_room_for_it() -> None:
    with pytest.raises(AssertionError, match=r"Row 1: only the \w+ answer has '[bc]'"):
        compare(["a", "b", "", ""], [4, 3, -INF, -INF], ["a", "c", "", ""], [4, 3, -INF, -INF])


def test_the_tolerance_is_the_callers() -> None:
    one, other = ([[1, 2]], [[3.0, 2.0]]), ([[1, 2]], [[3.0, 2.01]])
    assert_same_recommendations(one, other, rtol=0.01)
    assert_same_recommendations(one, other, atol=0.02)
    with pytest.raises(AssertionError, match=r"2 scores 2, not 2\.01"):
        assert_same_recommendations(one, other)


@pytest.mark.parametrize("other", [([[1]], [[3.0]]), ([], np.zeros((0, 2)))])
def test_answers_of_other_shapes_differ(other: tuple) -> None:
    with pytest.raises(AssertionError, match="Shapes"):
        assert_same_recommendations(([[1, 2]], [[3.0, 2.0]]), other)


def test_no_rows() -> None:
    assert_same_recommendations(([], np.zeros((0, 2))), ([], np.zeros((0, 2))))
