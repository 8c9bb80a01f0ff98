"""The click model, by hand and by the frequencies of what it draws."""

from __future__ import annotations

import numpy as np
import pytest

from sample.listeners import ClickModel


def chances(position: int, affinity: float, skip_rate: float = 0.25, effect: float = 0.0):
    return ClickModel().chances(
        np.array([position]), np.array([affinity]), np.array([skip_rate]), effect
    )


@pytest.mark.parametrize(
    ("position", "examined"),
    # 2 ** -0.7, 4 ** -0.7, 10 ** -0.7.
    [(0, 1.0), (1, 0.6155722), (3, 0.3789291), (9, 0.1995262)],
)
def test_examination_falls_with_the_position_alone(position: int, examined: float) -> None:
    for affinity in (-0.5, 0.9):
        assert chances(position, affinity).examined[0] == pytest.approx(examined)


@pytest.mark.parametrize(
    ("affinity", "attracted"),
    # The logits -2.5 + 4 a are 0, 1.5, -2.5, and -6.5: 1 / (1 + e ** -logit).
    [(0.625, 0.5), (1.0, 0.8175745), (0.0, 0.0758582), (-1.0, 0.00150118)],
)
def test_attraction_follows_taste_alone(affinity: float, attracted: float) -> None:
    for position in (0, 7):
        assert chances(position, affinity).attracted[0] == pytest.approx(attracted, rel=1e-5)


def test_a_click_takes_both() -> None:
    # 4 ** -0.7 * 0.5
    assert chances(3, 0.625).click[0] == pytest.approx(0.1894646, rel=1e-6)


def test_skips_and_saves_follow_taste_and_the_listener() -> None:
    # As usual (a = 0.5): the skip rate itself, and expit(-2.5).
    assert chances(0, 0.5, 0.25).skip[0] == pytest.approx(0.25)
    assert chances(0, 0.5).save[0] == pytest.approx(0.0758582, rel=1e-5)
    # logit(0.25) = -ln 3; a = 0.5 + ln(3) / 3 takes another ln 3 off: odds of 1 to 9.
    assert chances(0, 0.5 + np.log(3) / 3, 0.25).skip[0] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("effect", "attracted"), [(0.1, 0.55), (-0.5, 0.25), (-1.0, 0.0), (1.0, 1.0), (3.0, 1.0)]
)
def test_an_effect_multiplies_attraction_up_to_certainty(effect: float, attracted: float) -> None:
    found = chances(2, 0.625, effect=effect)
    assert found.attracted[0] == pytest.approx(attracted)
    plain = chances(2, 0.625)
    assert (found.examined[0], found.skip[0], found.save[0]) == (
        plain.examined[0],
        plain.skip[0],
        plain.save[0],
    )


def test_an_unknown_track_attracts_nobody() -> None:
    found = chances(0, np.nan)
    assert found.click[0] == 0.0
    assert np.isfinite([found.examined[0], found.skip[0], found.save[0]]).all()
