"""The studentised bootstrap: by hand, under skew, at the edges."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from evaluation.significance import studentised
from evaluation.significance.studentised import UNSEEN, Studentised


def test_t_of_every_resample_by_hand():
    # Of 0 and 2 (mean 1) there are four resamples: 00 and 22 do not vary, 02 and 20 have the mean
    # of the sample and so t = 0.
    found = studentised._resampled_t(np.array([-1.0, 1.0]), 4000, 0)
    assert set(found) == {-math.inf, 0.0, math.inf}
    assert np.mean(found == 0) == pytest.approx(0.5, abs=0.03)
    assert np.mean(found > 0) == pytest.approx(0.25, abs=0.03)


def test_t_is_students_of_the_resample():
    values = np.array([-3.0, -1.0, 0.0, 4.0])
    found = studentised._resampled_t(values, 3000, 0)
    drawn = [draw for draw in itertools.product(values, repeat=4) if np.ptp(draw)]
    every = stats.ttest_1samp(drawn, 0, axis=1).statistic
    assert np.unique(found[np.isfinite(found)].round(6)) == pytest.approx(
        np.unique(every.round(6)), abs=2e-6
    )


def test_normal_values_give_students_interval():
    values = np.random.default_rng(1).normal(0.3, 1, 200)
    bootstrap = Studentised(values)
    # Wider by the playlist that could have been missed: of 201 values, four deviations off.
    for side, sign in enumerate((-1, 1)):
        with_it = np.append(values, values.mean() + sign * UNSEEN * values.std(ddof=1))
        expected = with_it.mean() + sign * stats.t.ppf(0.95, 200) * stats.sem(with_it)
        assert bootstrap.bounds(0.05)[side] == pytest.approx(expected)
    with_it = np.append(values, values.mean() - UNSEEN * values.std(ddof=1))
    assert bootstrap.p_value("greater") == pytest.approx(
        stats.ttest_1samp(with_it, 0, alternative="greater").pvalue
    )


def test_the_interval_leans_towards_the_tail():
    values = np.random.default_rng(6).gamma(0.2, 1, 60)
    bootstrap = Studentised(values, seed=1)
    low, high = bootstrap.bounds(0.025)
    assert high - values.mean() > values.mean() - low > 0
    half = 1.96 * values.std(ddof=1) / math.sqrt(60)
    assert 2 * half < high - low < 4 * half


def test_sides_mirror_each_other():
    values = np.random.default_rng(2).gamma(1, 0.1, 60) - 0.08
    one, other = Studentised(values, 999), Studentised(-values, 999)
    assert one.p_value("greater") == pytest.approx(other.p_value("less"))
    assert one.bounds(0.05) == pytest.approx(
        tuple(-b for b in reversed(other.bounds(0.05))), rel=0.02
    )
    assert one.p_value("two-sided") == pytest.approx(
        2 * min(one.p_value("greater"), one.p_value("less"))
    )


def test_units_do_not_matter():
    values = np.random.default_rng(3).normal(0.1, 1, 50)
    low, high = Studentised(values, 999).bounds(0.05)
    tiny = Studentised(values * 1e-9, 999)
    assert tiny.bounds(0.05) == pytest.approx((low * 1e-9, high * 1e-9))


def test_too_few_values_bound_nothing():
    bootstrap = Studentised(np.array([1.0, 2.0]), 999)
    assert bootstrap.bounds(0.05) == (-math.inf, math.inf)
    assert bootstrap.p_value("greater") > 0.2


def test_a_seed_repeats():
    values = np.random.default_rng(4).gamma(0.1, 1, 60)
    assert Studentised(values, 999, 5).bounds(0.05) == Studentised(values, 999, 5).bounds(0.05)
    assert Studentised(values, 999, 5).bounds(0.05) != Studentised(values, 999, 6).bounds(0.05)


def test_memory_stays_bounded_for_many_values(monkeypatch):
    monkeypatch.setattr(studentised, "_BATCH_DRAWS", 500)
    sizes = []
    original = studentised._weights

    def watch(n, resamples, seed, first):
        sizes.append(n * resamples)
        return original(n, resamples, seed, first)

    monkeypatch.setattr(studentised, "_weights", watch)
    low, high = Studentised(np.random.default_rng(7).normal(0, 1, 100), 1999).bounds(0.05)
    assert low < high
    assert max(sizes) <= 500
    assert sum(sizes) == 100 * 1999
