from __future__ import annotations

import numpy as np
import pytest

from models.families.two_stage.params import RankingParams
from models.families.two_stage.sampling import draw, whole

PARAMS = RankingParams(first_negatives=20, other_negatives=30)
SIZE = 64 + 20 + 30


def relevant(hits: int, length: int = 1000, missing: int = 0) -> np.ndarray:
    values = np.zeros((1, length), np.float32)
    values[0, np.random.default_rng(0).choice(length - missing, hits, replace=False)] = 1
    values[0, length - missing :] = -1
    return values


def test_all_hits_and_some_others() -> None:
    values = relevant(10)
    sample = draw(values, PARAMS, np.random.default_rng(1))
    places, kinds, weights = (part[0] for part in sample)
    assert sample.places.shape == (1, SIZE)
    assert len(set(places)) == SIZE
    np.testing.assert_array_equal(kinds, values[0, places])
    assert kinds.sum() == 10
    others, first = kinds == 0, places < 300
    assert (others & first).sum() == 20
    # What is not taken up by hits is drawn from the rest.
    assert (others & ~first).sum() == SIZE - 10 - 20
    assert not weights[kinds == 1].any()


def test_weights_stand_for_all_others() -> None:
    values = relevant(10)
    _, kinds, weights = (part[0] for part in draw(values, PARAMS, np.random.default_rng(1)))
    assert np.exp(weights[kinds == 0]).sum() == pytest.approx(990, rel=1e-5)


def test_many_hits_are_bounded() -> None:
    _, kinds, _ = (part[0] for part in draw(relevant(200), PARAMS, np.random.default_rng(1)))
    assert (kinds == 1).sum() == 64
    assert (kinds == 0).sum() == 50


def test_missing_candidates_are_never_drawn() -> None:
    places, kinds, _ = (
        part[0] for part in draw(relevant(5, missing=900), PARAMS, np.random.default_rng(1))
    )
    # 100 are there, 5 of them hits; 20 of the 95 others, all among the first, are drawn.
    assert (kinds == 1).sum() == 5
    assert (kinds == 0).sum() == 20
    assert (kinds == -1).sum() == SIZE - 25
    assert (places[kinds >= 0] < 100).all()


def test_few_candidates_are_all_taken() -> None:
    values = relevant(3, length=50, missing=4)
    sample = draw(values, PARAMS, np.random.default_rng(1))
    for one, other in zip(sample, whole(values), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(sample.places[0], np.arange(50))
    assert not sample.log_weights.any()


def test_the_generator_decides() -> None:
    one, again, other = (
        draw(relevant(10), PARAMS, np.random.default_rng(seed)).places for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert one.tolist() != other.tolist()
