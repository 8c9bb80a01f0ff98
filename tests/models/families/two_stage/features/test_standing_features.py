from __future__ import annotations

from math import log

import numpy as np
import pytest
import tensorflow as tf

from models.families.two_stage.features.standing import Standing
from tests.models.families.two_stage.features.feature_fixture import check, found, shown

LEAST = 1e-3


def test_by_hand() -> None:
    # Tracks 0 and 2 are by one artist; the mean score is 2.
    check(
        Standing()(shown([]), found([2, 1, 0], [3, 2, 1])),
        {
            "artist_best": [log(1.5 + LEAST), log(1 + LEAST), log(1.5 + LEAST)],
            "behind_artist_best": [0, 0, -1],
            "artist_sum": [log(2.5 + LEAST), log(1 + LEAST), log(2.5 + LEAST)],
        },
    )


def test_unknown_artists_stand_alone() -> None:
    # Track 3's artist is unknown.
    values = Standing()(shown([]), found([3, 0, 3], [4, 1, 1]))
    assert values["behind_artist_best"].numpy().tolist() == [0, 0, 0]
    assert values["artist_best"].numpy() == pytest.approx(
        [log(2 + LEAST), log(0.5 + LEAST), log(0.5 + LEAST)]
    )


def test_those_that_are_not_described_count_too() -> None:
    everybody = found([2, 1, 0], [3, 2, 1])
    places = tf.constant([2])
    some = everybody._replace(
        places=places,
        scores=tf.gather(everybody.scores, places),
        ids=tf.gather(everybody.ids, places),
        artist_ids=tf.gather(everybody.artist_ids, places),
    )
    values = Standing()(shown([]), everybody)
    for name, value in Standing()(shown([]), some).items():
        assert value.numpy() == pytest.approx(values[name].numpy()[2:])


def test_scores_that_say_nothing() -> None:
    values = Standing()(shown([]), found([2, 1, 0], [0, -1, -2]))
    assert all(np.isfinite(value).all() for value in values.values())
