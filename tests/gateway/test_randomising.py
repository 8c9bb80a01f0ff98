"""Draws and their propensities: worked out by hand, and for any scores."""

from __future__ import annotations

import collections
import math

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from gateway.configuration import Randomise
from gateway.randomising import drawn, epsilon_greedy, plackett_luce
from listening.recommending import Filled

FINITE = st.floats(-1e6, 1e6)


def chance(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_plackett_luce_by_hand() -> None:
    # Weights 4, 2, 1 and 1: exp of their logarithms.
    scores = [math.log(4), math.log(2), 0.0, 0.0]
    weights = [4.0, 2.0, 1.0, 1.0]
    for seed in range(20):
        places, propensities = plackett_luce(scores, 1.0, chance(seed), 4)
        assert sorted(places) == [0, 1, 2, 3]
        left = 8.0
        for place, propensity in zip(places, propensities, strict=True):
            assert propensity == pytest.approx(weights[place] / left)
            left -= weights[place]
        assert propensities[-1] == 1.0
    # At a temperature of 2, weights are their roots: of 2, 1.4142, 1 and 1.
    places, (propensity,) = plackett_luce(scores, 2.0, chance(), 1)
    assert propensity == pytest.approx(math.sqrt(weights[places[0]]) / (4 + math.sqrt(2)))


def test_plackett_luce_draws_as_often_as_it_says() -> None:
    scores, of = [math.log(3), math.log(2), 0.0], chance(7)
    found = collections.Counter(tuple(plackett_luce(scores, 1.0, of, 2)[0]) for _ in range(6000))
    # 3/6 then 2/3; 3/6 then 1/3; 2/6 then 3/4; and so on.
    expected = {(0, 1): 1 / 3, (0, 2): 1 / 6, (1, 0): 1 / 4, (1, 2): 1 / 12}
    expected |= {(2, 0): 1 / 10, (2, 1): 1 / 15}
    assert found.keys() == expected.keys()
    for pair, share in expected.items():
        # Five standard errors: one wrong alarm in a million seeds, and the seed is fixed.
        assert abs(found[pair] / 6000 - share) < 5 * math.sqrt(share * (1 - share) / 6000)


def test_epsilon_by_hand() -> None:
    for seed in range(50):
        places, propensities = epsilon_greedy(3, 0.3, chance(seed), 3)
        left = [0, 1, 2]
        for place, propensity in zip(places, propensities, strict=True):
            best = place == left[0]
            assert propensity == pytest.approx(0.3 / len(left) + (0.7 if best else 0.0))
            left.remove(place)
    # Of three: 0.7 + 0.1 for the best, 0.1 for another one.
    assert {round(epsilon_greedy(3, 0.3, chance(s), 1)[1][0], 9) for s in range(50)} == {0.8, 0.1}


@hypothesis.given(
    st.lists(FINITE, min_size=1, max_size=12), st.floats(1e-3, 1e3), st.integers(0, 99)
)
def test_each_slot_has_a_chance_of_its_own(scores: list[float], t: float, seed: int) -> None:
    for found in (
        plackett_luce(scores, t, chance(seed), len(scores)),
        epsilon_greedy(len(scores), min(t, 1.0), chance(seed), len(scores)),
    ):
        places, propensities = found
        assert sorted(places) == list(range(len(scores)))
        assert all(0 < p <= 1 + 1e-12 for p in propensities)
        assert propensities[-1] == pytest.approx(1)


@hypothesis.given(st.lists(FINITE, min_size=2, max_size=5), st.integers(0, 9))
def test_the_chances_of_a_slot_are_one_together(scores: list[float], seed: int) -> None:
    """The formula of the docstring, for every track and not only for the one that was drawn."""
    places, propensities = plackett_luce(scores, 1.0, chance(seed), len(scores))
    left = list(range(len(scores)))
    for place, propensity in zip(places, propensities, strict=True):
        top = max(scores[j] for j in left)
        total = math.fsum(math.exp(scores[j] - top) for j in left)
        assert propensity == pytest.approx(math.exp(scores[place] - top) / total, abs=1e-12)
        left.remove(place)


def test_shelves_keep_their_places_and_tracks() -> None:
    filled = Filled([10, 11, 12, 20, 21], [""] * 5, ["a", "a", "a", "b", "b"])
    scores = {10: 3.0, 11: 2.0, 12: 1.0, 20: 9.0}
    options = Randomise(by="plackett_luce")
    for seed in range(20):
        order, propensities = drawn(options, filled, scores, 5, chance(seed))
        assert sorted(order[:3]) == [0, 1, 2]
        assert sorted(order[3:]) == [3, 4]
        # 21 has no score: the second shelf goes by weights 1 and 1/2.
        assert propensities[3] == pytest.approx(2 / 3 if order[3] == 3 else 1 / 3)
    broken = {**scores, 21: math.nan}
    assert drawn(options, filled, broken, 5, chance(3)) == drawn(
        options, filled, scores, 5, chance(3)
    )
    order, propensities = drawn(options, filled, scores, 4, chance())
    assert (len(order), len(propensities), order[3] in (3, 4)) == (4, 4, True)
    order, _ = drawn(Randomise(by="epsilon", epsilon=1e-9), filled, scores, 5, chance())
    assert order == [0, 1, 2, 3, 4]


def test_where_it_applies() -> None:
    assert not Randomise().applies_to("home")
    assert Randomise(by="epsilon").applies_to("home")
    assert not Randomise(by="epsilon", surfaces=("discover",)).applies_to("home")
