from __future__ import annotations

import math

import hypothesis
import pytest
from hypothesis import strategies as st

from report import charts
from schema.documents import Estimate


def test_scale_maps_to_percent_and_stays_inside() -> None:
    scale = charts.Scale(-1.0, 3.0)
    # (0 - -1) / (3 - -1) = 1/4
    assert scale(0.0) == 25.0
    assert scale(-9.0) == 0.0
    assert scale(9.0) == 100.0


def test_scale_of_a_single_value_puts_it_in_the_middle() -> None:
    assert charts.Scale(2.0, 2.0)(2.0) == 50.0


@pytest.mark.parametrize(
    ("span", "count", "expected"),
    [(1.0, 4, 0.5), (0.8, 4, 0.2), (95.0, 5, 20.0), (0.0, 4, 1.0), (math.nan, 4, 1.0)],
)
def test_nice_step(span: float, count: int, expected: float) -> None:
    # 1 / 4 = 0.25 rounds up to 0.5; 0.8 / 4 = 0.2 is round; 95 / 5 = 19 rounds up to 20
    assert charts.nice_step(span, count) == pytest.approx(expected)


def test_ticks_are_round_numbers_inside() -> None:
    ticks = charts.Scale(-0.05, 0.31).ticks(4)
    assert [tick.label for tick in ticks] == ["0", "0.1", "0.2", "0.3"]
    # (0.1 + 0.05) / 0.36 = 41.67%
    assert ticks[1].at == 41.67


def test_ticks_with_signs() -> None:
    labels = [tick.label for tick in charts.Scale(-0.02, 0.02).ticks(4, sign=True)]
    assert labels == ["−0.02", "−0.01", "0", "+0.01", "+0.02"]


def test_around_holds_everything_and_starts_at_zero_where_asked() -> None:
    scale = charts.Scale.around([0.2, None, math.nan, 0.5], zero=True)
    assert scale.low == 0.0
    # 4% of 0.5 for air
    assert scale.high == pytest.approx(0.52)
    free = charts.Scale.around([0.2, 0.5])
    assert (free.low, free.high) == (pytest.approx(0.188), pytest.approx(0.512))
    below = charts.Scale.around([-0.4], zero=True)
    assert (below.low, below.high) == (pytest.approx(-0.416), 0.0)


def test_around_nothing_or_a_constant_has_a_width() -> None:
    for values in ([], [0.0], [3.0], [None]):
        scale = charts.Scale.around(values)
        assert scale.high > scale.low


@hypothesis.given(
    st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=20), st.booleans(), st.integers(1, 8)
)
def test_any_scale_has_few_ticks_within_the_plot(
    values: list[float], zero: bool, count: int
) -> None:
    scale = charts.Scale.around(values, zero=zero)
    ticks = scale.ticks(count)
    assert len(ticks) <= count + 2
    assert all(0 <= tick.at <= 100 for tick in ticks)
    assert all(0 <= scale(value) <= 100 for value in values)


def test_columns_know_their_side_of_zero() -> None:
    scale = charts.Scale(-2.0, 2.0)
    bars, heights = charts.columns([-2, -1, 0, 1, 2], [1, 4, 2, 0], scale, tips=list("abcd"))
    assert [bar.kind for bar in bars] == ["down", "down", "up", "up"]
    assert [bar.x for bar in bars] == [0.0, 25.0, 50.0, 75.0]
    assert [bar.width for bar in bars] == [25.0] * 4
    # The highest bar leaves 5% of air: 4 / (4 * 1.05) = 95.24%
    assert bars[1].height == 95.24
    assert heights(0) == 0


def test_share_bars() -> None:
    assert charts.share_bars([1.0, None, 4.0, -2.0]) == [25.0, None, 100.0, None]
    assert charts.share_bars([None, 0.0]) == [None, None]


def test_an_estimate_has_its_place_with_its_bounds() -> None:
    scale = charts.Scale(0.0, 4.0)
    assert scale.interval(Estimate(mean=1.0, ci_low=0.0, ci_high=2.0)) == (25.0, 0.0, 50.0)
    assert scale.interval(Estimate(mean=1.0)) == (25.0, None, None)
    with pytest.raises(ValueError, match="without a mean"):
        scale.interval(Estimate())
