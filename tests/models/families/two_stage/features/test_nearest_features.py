from __future__ import annotations

import numpy as np
import pytest

from models.families.two_stage.features.nearest import Nearest
from tests.models.families.two_stage.features.feature_fixture import check, found, shown

HALF = 0.5**0.5


def test_by_hand() -> None:
    # Track 2 lies at 45 degrees to tracks 0 and 1, at 135 to track 3.
    check(
        Nearest()(shown([0, 3]), found([2, 1])),
        {"nearest_seed": [HALF, 0], "last_seeds": [0, 0]},
    )


def test_only_the_last_five_seeds_are_last() -> None:
    values = Nearest()(shown([1, 0, 0, 0, 0, 2]), found([1]))
    assert values["nearest_seed"].numpy() == pytest.approx([1])
    assert values["last_seeds"].numpy() == pytest.approx([HALF / 5])


def test_the_nearest_may_be_far() -> None:
    assert Nearest()(shown([3]), found([0]))["nearest_seed"].numpy() == pytest.approx([-1])


def test_without_known_seeds() -> None:
    for value in Nearest()(shown([]), found([0, 1])).values():
        np.testing.assert_array_equal(value, [0, 0])
