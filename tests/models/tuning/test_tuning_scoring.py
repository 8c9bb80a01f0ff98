from __future__ import annotations

import math

import pytest
import tensorflow as tf

from models.contract import Fit, Query, Ranker, Scorer
from models.tuning.scoring import ndcg, recommender
from tests.models.training_fixture import held_out, query, training_data

# Ids are by frequency and then by number: 0 to 3, held by 4, 3, 2 and 1 playlists.
DATA, _ = training_data([("a", [0, 1, 2, 3]), ("b", [0, 1, 2]), ("c", [0, 1]), ("d", [0])])


class Last(Scorer):
    """Scores tracks by their id; it makes nothing of titles."""

    def score(self, query: Query) -> tf.Tensor:
        scores = tf.range(4, dtype=tf.float32)
        return tf.tile(scores[tf.newaxis], [query.track_ids.nrows(), 1])


class Reversed(Ranker):
    """Turns the order of the best two around."""

    depth = 2

    def rank(self, query: Query, scores: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
        order = tf.concat([[1.0, 2.0], tf.zeros(tf.shape(ids)[1] - 2)], axis=0)
        return tf.where(tf.math.is_inf(scores), scores, order)


def test_seeds_are_left_out_and_popular_tracks_answer_what_says_nothing() -> None:
    recommend = recommender(Fit(Last()), DATA.catalogue)
    found = recommend(query([[3], [0, 2], []], [[0], [0], [0]]))
    assert found.tolist() == [[2, 1, 0, -1], [3, 1, -1, -1], [0, 1, 2, 3]]


def test_a_second_stage_has_its_say() -> None:
    fit = Fit(Last(), ranker=Reversed())
    assert recommender(fit, DATA.catalogue)(query([[2]])).tolist() == [[1, 3, 0, -1]]


def test_ndcg_counts_what_train_does_not_hold_as_missed() -> None:
    # Recommended are 2, 1, 0: a hit at rank 2 of one track; hits at ranks 1 and 3 of three.
    held = held_out([[3], [3]], [[1], [2, 0]], [1, 3])
    first = 1 / math.log2(3)
    second = (1 + 1 / math.log2(4)) / (1 + 1 / math.log2(3) + 1 / math.log2(4))
    assert ndcg(Fit(Last()), DATA.catalogue, held) == pytest.approx((first + second) / 2)


def test_many_playlists_are_scored_in_parts() -> None:
    held = held_out([[3]] * 70, [[2]] * 70, [1] * 70)
    assert ndcg(Fit(Last()), DATA.catalogue, held) == pytest.approx(1)


def test_nothing_to_score_on_is_told() -> None:
    with pytest.raises(ValueError, match="no held-out playlists"):
        ndcg(Fit(Last()), DATA.catalogue, held_out([], [], []))
