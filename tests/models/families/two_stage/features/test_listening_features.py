"""Plays, their order and who listens, by hand: see `feature_fixture` for tracks and artists."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.families.two_stage.features.listening import Listening
from schema.features import LISTENER_COLUMNS
from tests.models.families.two_stage.features.feature_fixture import check, found, shown

NAN = float("nan")
NOBODY = dict.fromkeys(LISTENER_COLUMNS, 0.0)


def test_plays_count_by_artist_and_weigh_what_was_heard() -> None:
    # Track 1 was heard 7 times, then track 0 once: log 8 and log 2 are 3 and 1 parts of the taste.
    # Artist 0 has tracks 0 and 2, of which one was heard, artist 1 track 1; nobody has track 3.
    values = Listening()(shown([1, 0], plays=[7, 1]), found([2, 1, 3]))
    played = np.array([1, 3]) / math.sqrt(10)
    half = 2.0 ** (-1 / 10)
    recent = np.array([1, half]) / math.sqrt(1 + half * half)
    vectors = np.array([[math.sqrt(0.5)] * 2, [0, 1], [-1, 0]])
    expected = {
        "artist_plays": [math.log(2), math.log(8), 0],
        "artist_plays_share": [1 / 8, 7 / 8, 0],
        "played_cosine": vectors @ played,
        "recent_cosine": vectors @ recent,
        "mean_plays": math.log(4),
        "is_listener": 0,
    }
    check(values, expected | NOBODY)


def test_features_of_the_listener_are_logarithms() -> None:
    values = Listening()(shown([0], listener=[0.5, NAN, 3, -1, 1, 0, 7, NAN]), found([0]))
    told = [values[name].numpy() for name in LISTENER_COLUMNS]
    logs = [math.log(1.5), 0, math.log(4), 0, math.log(2), 0, math.log(8), 0]
    np.testing.assert_allclose(told, logs, rtol=1e-6)
    assert values["is_listener"].numpy() == 1


@pytest.mark.parametrize("listener", [[], [NAN] * 8])
def test_without_seeds_and_features_nothing_is_said(listener: list[float]) -> None:
    nothing = dict.fromkeys(Listening.names, 0.0)
    values = Listening()(shown([], listener=listener), found([0, 3]))
    check(values, nothing | {name: [0.0, 0.0] for name in Listening.names[:4]})
