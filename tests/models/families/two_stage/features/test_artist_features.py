from __future__ import annotations

import dataclasses
from math import log

import numpy as np
import pytest

from models.families.two_stage.features.artists import Artists
from tests.models.families.two_stage.features.feature_fixture import DATA, Sums, check, found, shown

GROUP = Artists(DATA.catalogue, DATA.num_artists, Sums())


def test_by_hand() -> None:
    # Seeds: tracks by artists 0, 1, 0. Artist 0's vector is (4 (1, 0) + 1 (1, 1)) / 5.
    values = GROUP(shown([0], [0, 1, 0], vector=(1, 2)), found([2, 1]))
    least = 1e-3
    check(
        values,
        {
            "artist_seeds": [log(3), log(2)],
            "artist_share": [2 / 3, 1 / 3],
            "log_artist_share": [log(2 / 3 + least), log(1 / 3 + least)],
            "last_artist_seeds": [2, 1],
            "artist_left": [0, 0],
            "artist_candidates": [1, 1],
            "distinct_artists": 2 / 3,
            "artist_score": [1 + 2 * 0.2, 2],
        },
    )


def test_only_the_last_five_seeds_are_last() -> None:
    values = GROUP(shown([], [0, 0, 0, 1, 1, 1]), found([0, 1]))
    assert values["last_artist_seeds"].numpy().tolist() == [2, 3]


def test_what_is_left_of_an_artist() -> None:
    left = GROUP(shown([0], [0]), found([2, 1, 3]))["artist_left"]
    assert left.numpy() == pytest.approx([log(2), log(2), 0])


def test_an_unknown_artist_is_nobodys() -> None:
    # Not even another unknown artist's: the seed track 3 has none either.
    values = GROUP(shown([3], [], vector=(1, 1)), found([3, 0]))
    assert values["artist_seeds"].numpy().tolist() == [0, 0]
    assert values["artist_candidates"].numpy().tolist() == [0, 1]
    assert values["artist_score"].numpy()[0] == 0
    assert values["artist_left"].numpy()[0] == 0


def test_without_seeds() -> None:
    values = GROUP(shown([]), found([0, 3]))
    assert all(np.isfinite(value).all() for value in values.values())
    assert float(values["distinct_artists"]) == 0


def test_a_catalogue_without_artists() -> None:
    nobody = dataclasses.replace(DATA.catalogue, artist_ids=np.full(4, -1))
    values = Artists(nobody, 0, Sums())(shown([0], vector=(1, 1)), found([3]))
    assert values["artist_score"].numpy().tolist() == [0]
