from __future__ import annotations

from math import log

import numpy as np
import pytest

from models.families.two_stage.features.first_stage import FirstStage
from tests.models.families.two_stage.features.feature_fixture import check, found, shown


def test_by_hand() -> None:
    # Two seeds are named, one of them is known. The title's vector is at 45 degrees to track 2.
    values = FirstStage()(shown([0], [0, 1], title_vector=(0, 2)), found([2, 1], [0.6, 0.2]))
    least = 1e-3
    check(
        values,
        {
            "score": [0.6, 0.2],
            "log_score": [log(0.6 + least), log(0.2 + least)],
            "relative_score": [0.6 / 0.4, 0.2 / 0.4],
            "best_score": log(0.4 + least),
            "num_seeds": log(3),
            "known_share": 0.5,
            "has_title": 1,
            "title_cosine": [0.5**0.5, 1],
        },
    )


def test_a_title_alone_is_finite() -> None:
    values = FirstStage()(shown([]), found([1, 3], [0.0, -0.5]))
    assert all(np.isfinite(value).all() for value in values.values())
    assert float(values["num_seeds"]) == float(values["known_share"]) == 0


def test_seeds_without_a_known_artist_do_not_make_more_than_all_known() -> None:
    assert float(FirstStage()(shown([0, 3], [0]), found([1]))["known_share"]) == 1


def test_without_a_title() -> None:
    assert float(FirstStage()(shown([0], title=False), found([1]))["has_title"]) == 0


def test_more_dimensions_of_a_query_are_left_out() -> None:
    values = FirstStage()(shown([0], title_vector=(0, 2, 9)), found([1]))
    assert values["title_cosine"].numpy() == pytest.approx(1)
