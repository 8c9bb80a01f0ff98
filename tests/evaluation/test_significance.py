import dataclasses
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from evaluation.metrics.ndcg import NDCG
from evaluation.significance import paired
from evaluation.significance.betting import bounded_mean_p_value
from evaluation.significance.compare import compare_paired
from evaluation.significance.family import holm, pair, paired_tests
from evaluation.significance.power import minimum_detectable
from evaluation.significance.result import ComparisonOptions

QUICK = ComparisonOptions(resamples=999)
WORSE = ComparisonOptions(alternative="worse", resamples=999)


def test_wilcoxon_by_hand():
    # Ranks 1 to 5, W+ = 10. Of the 32 assignments of signs 10 reach it, the mirror images of
    # the subsets of {1..5} with a sum up to 5: {} 1 2 3 4 5 12 13 14 23.
    differences = np.array([0.1, 0.2, 0.3, 0.4, -0.5])
    outcome = paired.wilcoxon(differences, "greater")
    assert (outcome.statistic, outcome.p_value) == (10, pytest.approx(10 / 32))
    assert outcome.effect == pytest.approx((10 - 5) / 15)
    assert paired.wilcoxon(-differences, "less").p_value == pytest.approx(10 / 32)


def test_wilcoxon_with_ties_and_zeros_by_hand():
    # Pratt: ranks of |d| are 1 (the zero), 2.5, 2.5 and 4; W+ = 5, W− = 4. The sums of the
    # subsets of {2.5, 2.5, 4} are 0 2.5 2.5 4 5 6.5 6.5 9: four of eight reach 5, five stay at or
    # below it, so that the two-sided p is capped at 1.
    differences = np.array([0, 1, 1, -2.0])
    outcome = paired.wilcoxon(differences, "greater")
    assert (outcome.statistic, outcome.p_value) == (5, 0.5)
    assert outcome.effect == pytest.approx(1 / 9)
    assert paired.wilcoxon(differences, "less").p_value == 5 / 8
    assert paired.wilcoxon(differences, "two-sided").p_value == 1
    assert "1 of 4 differences are zero" in outcome.note


def test_enumeration_and_the_normal_approximation_meet(monkeypatch):
    differences = np.round(np.random.default_rng(0).normal(0.4, 1, 14), 1)  # with ties
    exact = paired.wilcoxon(differences, "greater")
    monkeypatch.setattr(paired, "_ENUMERATED", 0)
    approximate = paired.wilcoxon(differences, "greater")
    assert "enumeration" in exact.note
    assert "enumeration" not in approximate.note
    assert approximate.p_value == pytest.approx(exact.p_value, abs=0.02)


def hits(won, lost, both, neither):
    candidate = [1.0] * won + [0.0] * lost + [1.0] * both + [0.0] * neither
    baseline = [0.0] * won + [1.0] * lost + [1.0] * both + [0.0] * neither
    return np.array(candidate), np.array(baseline)


def test_mcnemar_exact_by_hand():
    # 5 of 6 discordant pairs: P(X ≥ 5) = (6 + 1) / 64; P(X ≤ 5) = 1 − 1 / 64.
    outcome = paired.mcnemar(*hits(5, 1, 7, 9), "greater")
    assert outcome.name == "McNemar exact"
    assert outcome.p_value == pytest.approx(7 / 64)
    assert outcome.effect == pytest.approx(5 / 6 - 1 / 2)
    assert paired.mcnemar(*hits(5, 1, 7, 9), "less").p_value == pytest.approx(63 / 64)
    assert paired.mcnemar(*hits(5, 1, 7, 9), "two-sided").p_value == pytest.approx(14 / 64)


def test_mcnemar_chi_square_by_hand():
    # (|30 − 10| − 1)² / 40 = 9.025; its square root is 3.0042 standard deviations.
    outcome = paired.mcnemar(*hits(30, 10, 50, 50), "greater")
    assert (outcome.name, outcome.statistic) == ("McNemar chi-square", pytest.approx(9.025))
    tail = math.erfc(math.sqrt(9.025) / math.sqrt(2)) / 2
    assert outcome.p_value == pytest.approx(tail)
    assert paired.mcnemar(*hits(30, 10, 50, 50), "two-sided").p_value == pytest.approx(2 * tail)
    assert paired.mcnemar(*hits(30, 10, 50, 50), "less").p_value == pytest.approx(1 - tail)
    assert paired.mcnemar(*hits(20, 20, 0, 0), "greater").p_value >= 0.5


def test_mcnemar_takes_hits_only():
    with pytest.raises(ValueError, match="0 and 1"):
        paired.mcnemar(np.array([0.5, 1]), np.array([0.0, 1]), "greater")


def test_equal_models():
    values = np.array([0.1, 0.5, 0.9])
    result = compare_paired(values, values, "ndcg")
    assert (result.test, result.n, result.p_value, result.significant) == ("none", 3, 1.0, False)
    assert (result.mean_difference, result.ci_low, result.ci_high, result.effect) == (0, 0, 0, 0)


def test_differences_of_rounding_are_none():
    values = np.linspace(0, 1, 50)
    result = compare_paired(values + 1e-16, values, "ndcg", options=QUICK)
    assert result.test == "none"


def test_one_pair():
    result = compare_paired(np.array([0.4]), np.array([0.3]), "ndcg")
    assert (result.test, result.n, result.p_value) == ("none", 1, None)
    assert result.mean_difference == pytest.approx(0.1)
    assert (result.ci_low, result.minimum_detectable, result.significant) == (None, None, False)


def test_no_pair():
    result = compare_paired(np.array([]), np.array([]), "ndcg")
    assert (result.n, result.p_value, result.mean_difference, result.effect) == (
        0,
        None,
        None,
        None,
    )


def test_what_cannot_be_computed_is_left_out_and_counted():
    candidate = np.array([np.nan, 0.5, 0.6, 0.7, np.inf])
    baseline = np.array([0.1, np.nan, 0.5, 0.4, 0.1])
    result = compare_paired(candidate, baseline, "ndcg")
    assert (result.n, result.dropped) == (2, 3)
    assert result.mean_difference == pytest.approx((0.1 + 0.3) / 2)


def test_sides_must_match():
    with pytest.raises(ValueError, match="as many values"):
        compare_paired(np.zeros(3), np.zeros(2), "ndcg")


@pytest.mark.parametrize("metric", ["ndcg", "clicks"])
def test_the_direction_follows_the_metric(metric):
    rng = np.random.default_rng(3)
    baseline = rng.random(200)
    candidate = baseline + rng.normal(0.1, 0.2, 200)
    better = compare_paired(candidate, baseline, metric, options=QUICK)
    worse = compare_paired(candidate, baseline, metric, options=WORSE)
    assert better.significant == (metric == "ndcg")
    assert worse.significant == (metric == "clicks")
    # Either side has the playlist that could have been missed against it.
    assert max(better.p_value, worse.p_value) > 1 - 2e-3
    assert better.mean_difference == worse.mean_difference > 0  # always candidate − baseline


def test_ranks_rise_and_the_mean_falls():
    # 90 small gains and 10 large losses: the ranks say better, the mean says worse.
    differences = np.concatenate([np.linspace(0.01, 0.02, 90), np.full(10, -0.5)])
    result = compare_paired(differences, np.zeros(100), "ndcg", options=QUICK)
    assert result.ranks_p_value < 0.001
    assert result.rank_biserial > 0
    assert result.mean_difference < 0
    assert result.p_value > 0.9
    assert not result.significant
    worse = compare_paired(differences, np.zeros(100), "ndcg", options=WORSE)
    assert worse.significant
    assert "few large differences" in worse.caution


def test_ranks_rise_and_the_mean_hardly_moves():
    differences = np.concatenate([np.linspace(0.01, 0.03, 90), np.full(10, -0.17)])
    result = compare_paired(differences, np.zeros(100), "ndcg")
    assert result.ranks_p_value < 0.001
    assert result.bound < 0 < result.mean_difference < result.ci_high
    assert not result.significant


def test_what_is_claimed_and_its_bound_agree():
    rng = np.random.default_rng(6)
    for shift in np.linspace(0, 0.06, 25):
        differences = rng.normal(shift, 0.1, 60)
        result = compare_paired(differences, np.zeros(60), "ndcg")
        assert result.significant == (result.p_value < 0.05)
        assert result.ci_low < result.bound < result.mean_difference < result.ci_high
        if abs(result.p_value - 0.05) > 0.005:
            assert result.significant == (result.bound > 0)


def _losses(n, shift):
    """Losses of a long tail, by the quantiles of a gamma law, and a gain for everybody."""
    tail = -stats.gamma.ppf((np.arange(n) + 0.5) / n, 0.1)
    tail -= tail.mean()
    return (tail + shift * tail.std() / math.sqrt(n)) / 50


def test_too_much_skew_forbids_a_claim():
    # A tail of which 100 playlists show a few may as well be twice as heavy.
    result = compare_paired(_losses(100, 4), np.zeros(100), "ndcg")
    assert result.p_value < 0.05
    assert result.skewness == pytest.approx(-4.7, abs=0.1)
    assert not result.significant
    assert "100 playlists are too few to know the mean" in result.caution
    # 1,600 of the same kind show enough of it.
    assert compare_paired(_losses(1600, 4), np.zeros(1600), "ndcg").significant
    # A tail on the side of the claim is no reason against it.
    assert compare_paired(-_losses(100, -4), np.zeros(100), "ndcg").significant
    # Once nothing is shown, there is nothing to be cautious about.
    assert result.adjusted(0.5).caution == ""


def test_what_holds_for_any_law_is_claimed_under_any_skew():
    differences = _losses(100, 4) * 0.5 + 0.3
    result = compare_paired(differences, np.zeros(100), "ndcg")
    assert result.skewness < -3
    assert result.any_law_p_value < 0.001
    assert result.significant


def test_betting_by_hand():
    # One value of 1 within ±1: the capital of a bet b is 1 + b, on average over bets 1.5.
    assert bounded_mean_p_value(np.array([1.0]), 1) == pytest.approx(1 / 1.5)
    # Two: the mean of (1 + b)² over b in [0, 1] is 7 / 3.
    assert bounded_mean_p_value(np.array([1.0, 1.0]), 1) == pytest.approx(3 / 7, rel=1e-4)
    # A win and a loss leave 1 − b², on average 2 / 3: no evidence at all.
    assert bounded_mean_p_value(np.array([1.0, -1.0]), 1) == 1
    assert bounded_mean_p_value(np.array([5.0, 5.0]), 10) == bounded_mean_p_value(
        np.full(2, 0.5), 1
    )
    assert bounded_mean_p_value(np.array([]), 1) == pytest.approx(1)
    with pytest.raises(ValueError, match="outside ±1"):
        bounded_mean_p_value(np.array([1.5]), 1)


def test_betting_is_right_about_what_was_never_seen():
    # 100 gains of 0.02 and no loss: a loss of everything in 3 of 100 playlists would be missed
    # one time in twenty and outweighs them.
    assert bounded_mean_p_value(np.full(100, 0.02), 1) > 0.05
    assert bounded_mean_p_value(np.full(100, 0.06), 1) < 0.05


def test_equal_gains_claim_no_more_than_a_law_with_unseen_losses_allows():
    # 99% gain 0.01 and 1% lose 0.99: the mean is 0, and 100 playlists miss the losses in 37%.
    missed = compare_paired(np.full(100, 0.01), np.zeros(100), "ndcg")
    assert missed.test == "bounded mean by betting"
    assert missed.p_value == missed.any_law_p_value > 0.5
    assert (missed.ci_low, missed.bound, missed.significant) == (None, None, False)
    # 0.06 everywhere cannot be: losses of everything in 6% would have been seen.
    assert compare_paired(np.full(100, 0.06), np.zeros(100), "ndcg").significant
    assert compare_paired(np.full(100, 0.06), np.zeros(100), "ndcg", options=WORSE).p_value == 1


@dataclasses.dataclass(frozen=True)
class _Unbounded(NDCG):
    span = None


def test_equal_gains_of_a_metric_without_bounds_claim_nothing():
    result = compare_paired(np.full(100, 0.5), np.zeros(100), _Unbounded())
    assert (result.test, result.p_value, result.significant) == ("none", None, False)
    assert "without bounds of the metric" in result.reason


def test_hit_rate_is_tested_by_mcnemar():
    result = compare_paired(*hits(30, 10, 50, 50), "hit_rate@10")
    assert result.test == "McNemar chi-square"
    assert result.mean_difference == pytest.approx(20 / 140)
    assert result.ci_low < 20 / 140 < result.ci_high


def test_results_are_json_and_repeatable():
    rng = np.random.default_rng(4)
    candidate, baseline = rng.random(60), rng.random(60)
    first = compare_paired(candidate, baseline, "ndcg").model_dump()
    assert first == compare_paired(candidate, baseline, "ndcg").model_dump()
    assert json.loads(json.dumps(first, allow_nan=False)) == first
    contract = "metric candidate baseline test n statistic p_value p_adjusted effect"
    assert set(contract.split()) | {"ci_low", "ci_high", "significant"} <= set(first)
    empty = compare_paired(np.array([]), np.array([]), "ndcg").model_dump()
    json.dumps(empty, allow_nan=False)


finite = st.floats(0, 1, allow_nan=False, width=32)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40).flatmap(lambda n: st.tuples(*[arrays(float, n, elements=finite)] * 2)))
def test_any_pairs_give_a_sane_result(sides):
    candidate, baseline = sides
    result = compare_paired(candidate, baseline, "ndcg", options=QUICK)
    if result.p_value is not None:
        assert 0 <= result.p_value <= 1
    if result.ci_low is not None and result.ci_high is not None:
        assert result.ci_low <= result.ci_high
    swapped = compare_paired(baseline, candidate, "ndcg", options=WORSE)
    assert swapped.p_value == pytest.approx(result.p_value, nan_ok=True)
    json.dumps(result.model_dump(), allow_nan=False)


def _share_of_claims(draw, n, comparisons):
    rng = np.random.default_rng(5)
    zeros = np.zeros(n)
    return sum(
        compare_paired(draw(rng, n), zeros, "ndcg", options=QUICK).significant
        for _ in range(comparisons)
    )


def _two_points(share, loss):
    """Gains of 0.01 and, on a share of the playlists, losses; the mean is 0 before noise."""
    gain = 0.01

    def draw(rng, n):
        values = np.where(rng.random(n) < share, -loss, gain)
        return values - (gain * (1 - share) - loss * share) + rng.normal(0, 0.03, n)

    return draw


NULLS = {
    "many ties": lambda rng, n: rng.normal(0, 0.1, n) * (rng.random(n) < 0.7),
    "heavy tails": lambda rng, n: rng.standard_t(3, n) / 100,
    "many small gains, few large losses": _two_points(0.1, 0.09),
    "fewer and larger losses": _two_points(0.05, 0.19),
    "one minus exponential": lambda rng, n: (1 - rng.exponential(1, n)) / 10,
    "few differ, and those much": lambda rng, n: rng.choice(
        (0.1, -0.2, 0.0), n, p=(0.04, 0.02, 0.94)
    ),
    "1% lose half of everything": lambda rng, n: (
        np.where(rng.random(n) < 0.01, -0.495, 0.005) + rng.normal(0, 0.05, n)
    ),
    "skewness -2.8": lambda rng, n: (0.5 - rng.gamma(0.5, 1, n)) / 10,
}


# Laws without noise: whoever sees no loss sees no spread either. Skewness -4.1, -6.9 and -9.8.
NOISELESS = {
    "5% lose": lambda rng, n: np.where(rng.random(n) < 0.05, -0.19, 0.01),
    "2% lose": lambda rng, n: np.where(rng.random(n) < 0.02, -0.49, 0.01),
    "1% loses": lambda rng, n: np.where(rng.random(n) < 0.01, -0.99, 0.01),
}


@pytest.mark.parametrize("name", NOISELESS)
def test_false_claims_are_rare_without_noise(name):
    assert _share_of_claims(NOISELESS[name], 100, 100) <= 5 + 3 * math.sqrt(100 * 0.05 * 0.95)


@pytest.mark.parametrize("name", NULLS)
@pytest.mark.parametrize("n", [100, 300])
def test_false_claims_are_as_rare_as_alpha(name, n):
    # 200 comparisons with a true mean difference of 0: 10 false claims are expected, and more
    # than 10 + 3 √(200 · 0.05 · 0.95) = 19 hardly ever happen. Wilcoxon's test makes some 50 of
    # the skewed ones.
    assert _share_of_claims(NULLS[name], n, 200) <= 19


def test_true_differences_are_seen():
    # (1.645 + 1.282) / √200 = 0.207 standard deviations are seen nine times in ten by Student's t;
    # the playlist that could have been missed costs eight of a hundred.
    seen = _share_of_claims(lambda rng, n: rng.normal(0.0207, 0.1, n), 200, 200)
    assert 145 <= seen <= 185


def test_minimum_detectable_difference():
    # (1.645 + 0.842) / √100 = 0.249 standard deviations for a normal test. The value that could
    # have been missed moves what is needed by 4 / 101 and widens it by 8%: 0.301.
    differences = np.random.default_rng(8).normal(0, 2, 100)
    found = minimum_detectable(differences, 0.05, 0.8, one_sided=True)
    assert found / differences.std(ddof=1) == pytest.approx(0.301, abs=2e-3)
    # It says what could be seen, whatever was seen.
    assert found == pytest.approx(minimum_detectable(differences + 5, 0.05, 0.8, one_sided=True))
    assert found < minimum_detectable(differences, 0.05, 0.8, one_sided=False)
    assert minimum_detectable(np.zeros(100), 0.05, 0.8, one_sided=True) is None
    assert minimum_detectable(differences[:2], 0.05, 0.8, one_sided=True) is None


def test_minimum_detectable_difference_of_hits():
    # Student's t asks for 0.2504 standard deviations here, McNemar's correction for a pair more.
    differences = np.repeat([1.0, -1.0, 0.0], (15, 15, 70))
    found = minimum_detectable(differences, 0.05, 0.8, one_sided=True, hits=True)
    assert found == pytest.approx(0.2504 * differences.std(ddof=1) + 1 / 100, abs=2e-4)


@pytest.mark.parametrize("alternative", ["better", "worse", "two-sided"])
@pytest.mark.parametrize("n", [30, 150])
def test_the_minimum_detectable_difference_is_seen_as_often_as_promised(n, alternative):
    rng = np.random.default_rng(5)
    options = ComparisonOptions(alternative=alternative, resamples=999)
    sign = -1 if alternative == "worse" else 1
    spread = np.array([-1.0, 1.0] * (n // 2))
    one_sided = alternative != "two-sided"
    least = minimum_detectable(spread, 0.05, 0.8, one_sided=one_sided) / spread.std(ddof=1)
    seen = 0
    for _ in range(300):
        values = 0.1 * (rng.standard_normal(n) + sign * least)
        seen += compare_paired(values, np.zeros(n), "ndcg", options=options).significant
    # 240 of 300 are promised; three standard errors are 3 √(300 · 0.8 · 0.2) = 21.
    assert seen == pytest.approx(240, abs=21)


@pytest.mark.parametrize("discordant", [0.2, 0.5])
def test_the_minimum_detectable_difference_of_hits_is_seen_as_often_as_promised(discordant):
    rng = np.random.default_rng(6)
    n = 200
    pairs = round(n * discordant / 2)
    spread = np.repeat([1.0, -1.0, 0.0], (pairs, pairs, n - 2 * pairs))
    least = minimum_detectable(spread, 0.05, 0.8, one_sided=True, hits=True)
    seen = 0
    for _ in range(300):
        draw = rng.random(n)
        won, lost = draw < (discordant + least) / 2, draw > 1 - (discordant - least) / 2
        result = compare_paired(won.astype(float), lost.astype(float), "hit_rate@10", options=QUICK)
        seen += result.significant
    assert seen == pytest.approx(240, abs=21)


def test_holm_by_hand():
    rng = np.random.default_rng(9)
    baseline = rng.random(60)
    results = [
        compare_paired(baseline + 0.1 * rng.normal(0.3, 1, 60), baseline, "ndcg", options=QUICK)
        for _ in range(3)
    ]
    results = [
        result.model_copy(update={"p_value": p})
        for result, p in zip(results, (0.01, 0.04, 0.03), strict=True)
    ]
    nothing = compare_paired(np.array([]), np.array([]), "ndcg")
    # Sorted: 0.01 · 3, then 0.03 · 2, then 0.04 · 1, which may not fall below its predecessor.
    adjusted = [result.p_adjusted for result in holm([*results, nothing])]
    assert adjusted[:3] == [pytest.approx(0.03), pytest.approx(0.06), pytest.approx(0.06)]
    assert adjusted[3] is None
    assert [result.significant for result in holm(results)] == [True, False, False]
    assert holm([]) == []


def table(**models):
    rows = []
    for model, values in models.items():
        for pid, value in enumerate(values):
            scenario = "title" if pid % 2 else "first5"
            hit = float(value > 0.5)
            rows.append((model, f"{pid}", scenario, value, 10 - value, hit))
    names = ["model", "pid", "scenario", "ndcg", "clicks", "hit_rate@10"]
    return pd.DataFrame(rows, columns=names)


def test_the_whole_family():
    rng = np.random.default_rng(10)
    base = rng.random(80)
    rows = table(a=base + rng.normal(0.1, 0.1, 80), b=base, c=base + rng.normal(0.1, 0.1, 80))
    results = paired_tests(rows, "a", ["b", "c"], ["ndcg", "clicks", "mrr"], options=QUICK)
    # Two baselines, two metrics that the rows have, all playlists and two scenarios.
    assert len(results) == 2 * 2 * 3
    overall = [result for result in results if result.scenario is None]
    assert [(result.baseline, result.metric) for result in overall] == [
        ("b", "ndcg"),
        ("b", "clicks"),
        ("c", "ndcg"),
        ("c", "clicks"),
    ]
    assert [result.significant for result in overall] == [True, True, False, False]
    for result in results:
        assert result.p_adjusted >= result.p_value
    alone = paired_tests(
        rows, "a", ["b", "c"], ["ndcg", "clicks"], by_scenario=False, options=QUICK
    )
    assert alone == overall  # scenarios are a family of their own
    within = [result for result in results if result.scenario == "title"]
    assert {result.n for result in within} == {40}


def test_pairs_are_by_playlist_not_by_position():
    rows = table(a=[0.1, 0.2, 0.3], b=[0.1, 0.2, 0.3]).sample(frac=1, random_state=1)
    rows = rows[~((rows["model"] == "b") & (rows["pid"] == "1"))]
    pairs = pair(rows, "a", "b")
    assert sorted(pairs["pid"]) == ["0", "2"]
    assert (pairs["ndcg"] == pairs["ndcg_baseline"]).all()


def test_rows_that_cannot_be_paired():
    rows = table(a=[0.1], b=[0.2])
    with pytest.raises(ValueError, match="no rows of model 'x'; there are those of: a, b"):
        pair(rows, "a", "x")
    with pytest.raises(ValueError, match="several rows of playlist '0'"):
        pair(pd.concat([rows, rows]), "a", "b")


@pytest.mark.parametrize(
    "bad", [{"alternative": "greater"}, {"alpha": 0}, {"confidence": 95}, {"resamples": 998}]
)
def test_options_name_what_is_wrong(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        ComparisonOptions(**bad)
