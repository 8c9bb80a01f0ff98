"""Novelty and likeness of candidates, by hand."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from models.families.explore_heavy.params import Params
from models.families.explore_heavy.ranker import ExploringRanker
from tests.models.training_fixture import query

INF = float("inf")
#: Tracks 0 and 1 point the same way, track 2 stands upright on both, track 3 between.
TRACKS = [[1.0, 0.0], [3.0, 0.0], [0.0, 2.0], [1.0, 1.0]]
COUNTS = np.array([16, 4, 1, 2])


def ranked(
    scores: list[list[float]], ids: list[list[int]], novelty: float = 0.0, diversity: float = 0.0
) -> np.ndarray:
    tracks = tf.Variable(TRACKS, trainable=False)
    ranker = ExploringRanker(tracks, COUNTS, 16, 500, novelty=novelty, diversity=diversity)
    shape = [len(scores), len(scores[0])]
    given = tf.reshape(tf.constant(scores, tf.float32), shape)
    asked = query([[] for _ in scores])
    return ranker.rank(asked, given, tf.reshape(tf.constant(ids, tf.int32), shape)).numpy()


def test_relevance_is_from_zero_to_one() -> None:
    found = ranked([[6.0, 4.0, 2.0, -INF], [5.0, 5.0, 5.0, 5.0]], [[2, 1, 0, 0], [0, 1, 2, 3]])
    assert found.tolist() == [[1.0, 0.5, 0.0, -INF], [0.0] * 4]


def test_novelty_is_of_the_logarithm_of_the_share_of_playlists() -> None:
    # In all of 16 playlists: 0; in 4: 1 / 2; in one: 1; in two: 3 / 4. Times a half.
    found = ranked([[2.0, 1.0, 1.0, 0.0]], [[0, 1, 2, 3]], novelty=0.5)
    np.testing.assert_allclose(found, [[1.0, 0.75, 1.0, 0.375]], rtol=1e-6)


def test_of_tracks_that_are_alike_the_best_stays() -> None:
    found = ranked([[3.0, 2.0, 1.0, 0.0]], [[0, 1, 2, 3]], diversity=0.6)[0]
    # Track 1 is like track 0, track 2 like none before it, track 3 at 45 degrees to all others.
    eighth = 3 ** (1 / 8) * np.sqrt(0.5)
    np.testing.assert_allclose(found, [1, 2 / 3 - 0.6, 1 / 3, -0.6 * eighth], rtol=1e-5, atol=1e-5)


def test_what_is_no_candidate_is_like_nothing() -> None:
    found = ranked([[3.0, 2.0, -INF]], [[2, 1, 1]], diversity=1.0)[0]
    np.testing.assert_allclose(found[:2], [1.0, 0.0], atol=1e-5)
    assert found[2] == -INF


def test_small_differences_stay_small() -> None:
    """Two candidates that change places by float error score as before."""
    one = ranked([[1.0, 0.5, 0.5 + 1e-7, 0.0]], [[2, 0, 1, 3]], diversity=0.5)[0]
    other = ranked([[1.0, 0.5 + 1e-7, 0.5, 0.0]], [[2, 0, 1, 3]], diversity=0.5)[0]
    np.testing.assert_allclose(one, other, atol=1e-5)
    # Each counts as half before the other.
    assert one[1] == pytest.approx(0.5 - 0.5 * 0.5, abs=1e-4)


@pytest.mark.parametrize("candidates", [0, 1])
def test_few_candidates(candidates: int) -> None:
    found = ranked([[1.0][:candidates]], [[0][:candidates]], novelty=1.0, diversity=1.0)
    assert found.shape == (1, candidates)


def test_weights_have_bounds() -> None:
    for name in ("novelty", "diversity"):
        for value in (-0.1, 10.1, float("nan")):
            with pytest.raises(ValueError, match=name):
                Params(**{name: value})
