"""Popularity and factors in one score, by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import tensorflow as tf

from models.contract import Query, Scorer
from models.families.popularity_blend.model import BlendScorer, fit, recent_popularity
from models.families.popularity_blend.params import Params
from tests.models.training_fixture import query, training_data


class Factors(Scorer):
    def score(self, query: Query) -> tf.Tensor:
        return tf.tile(tf.constant([[2.0, -4.0, 0.0]]), [query.track_ids.nrows(), 1])


def test_factors_weigh_more_the_longer_the_history_is() -> None:
    scorer = BlendScorer(Factors(), np.array([0.2, 1.0, -0.4]), pivot=3.0)
    asked = query([[0], [0, 2]])
    plays = asked.plays.with_flat_values(tf.constant([1, 4, 5], tf.int64))
    # After 1 play w = 1 / 4, after 9 plays w = 3 / 4; factors give 2 / 4, -4 / 4, 0.
    np.testing.assert_allclose(
        scorer.score(asked._replace(plays=plays)),
        [[0.125 + 0.15, -0.25 + 0.75, -0.3], [0.375 + 0.05, -0.75 + 0.25, -0.1]],
        rtol=1e-6,
    )


def test_factors_that_say_nothing_add_nothing() -> None:
    class Nothing(Scorer):
        def score(self, query: Query) -> tf.Tensor:
            return tf.zeros([query.track_ids.nrows(), 2])

    scorer = BlendScorer(Nothing(), np.array([1.0, 0.5]), pivot=1.0)
    np.testing.assert_allclose(scorer.score(query([[1]])), [[0.5, 0.25]])


def test_popularity_is_logarithmic() -> None:
    found = recent_popularity(np.array([7, 3, 1, 0]), None)
    np.testing.assert_allclose(found, np.log2([8, 4, 2, 1]) / 3)


def test_what_was_not_heard_of_late_follows_below_zero() -> None:
    found = recent_popularity(np.array([9, 4, 2]), np.array([0.0, 1.0, 3.0]))
    np.testing.assert_allclose(found, [9 / 10 - 1, 0.5, 1.0])


def test_the_trend_decides_for_those_of_whom_little_is_known() -> None:
    data, _ = training_data([("", [0, 1]), ("", [0, 1]), ("", [2, 0]), ("", [2, 3])])
    factors = {"factors": 4}
    plain, trending = (
        fit(dataclasses.replace(data, trend=trend), Params(factors=factors, pivot=1e6), 0, "")
        for trend in (None, np.array([1.0, 0.0, 0.0, 8.0]))
    )
    asked = query([[1]])
    # Tracks 0, 1, 2, 3 are in 3, 2, 2 and 1 playlists; of late 3 was heard most.
    assert np.argsort(-plain.scorer.score(asked).numpy()[0]).tolist()[0] == 0
    assert np.argsort(-trending.scorer.score(asked).numpy()[0]).tolist()[:2] == [3, 0]
    assert not plain.scorer.uses_title
