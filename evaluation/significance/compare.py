"""One paired comparison, from the values of two models to a result."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import stats

from evaluation.metrics import Metric
from evaluation.metrics.registry import find
from evaluation.significance import paired
from evaluation.significance.betting import bounded_mean_p_value
from evaluation.significance.power import minimum_detectable
from evaluation.significance.result import ComparisonOptions, TestResult
from evaluation.significance.studentised import Side, Studentised


def compare_paired(
    candidate: np.ndarray,
    baseline: np.ndarray,
    metric: str | Metric,
    *,
    candidate_name: str = "candidate",
    baseline_name: str = "baseline",
    scenario: str | None = None,
    options: ComparisonOptions | None = None,
) -> TestResult:
    """Tests whether a candidate differs from a baseline on the same playlists.

    What is claimed is a difference of means, so that is what is tested: by McNemar's test where
    every value is hit or no hit, else by the studentised bootstrap, or by betting where the
    differences do not vary. Wilcoxon's signed-rank test
    stands beside as a description; ranks can rise while the mean falls. A pair with a value that
    is not finite is left out and counted.

    Args:
        candidate: float [n], the metric of each playlist.
        baseline: float [n], of the same playlists in the same order.
        metric: decides the direction of improvement and the test.
        candidate_name: for the result.
        baseline_name: for the result.
        scenario: for the result.
        options: how to test.

    Raises:
        ValueError: the two are not of the same length, or the metric is unknown.
    """
    metric = find(metric) if isinstance(metric, str) else metric
    options = options or ComparisonOptions()
    candidate = np.asarray(candidate, dtype=np.float64)
    baseline = np.asarray(baseline, dtype=np.float64)
    if candidate.shape != baseline.shape or candidate.ndim != 1:
        raise ValueError(
            f"pairs need as many values on either side, not {candidate.shape} and {baseline.shape}"
        )
    kept = np.isfinite(candidate) & np.isfinite(baseline)
    candidate, baseline = candidate[kept], baseline[kept]
    # What differs in the last bits only is equal: else noise of rounding would hide ties.
    differences = np.round(candidate - baseline, 12)

    side = _side(metric, options.alternative)
    any_law = _any_law(differences, side, metric.span)
    mean = _mean(differences, side, any_law, options)
    hits = metric.binary and bool(np.isin((candidate, baseline), (0, 1)).all())
    if hits and differences.any() and len(differences) > 1:
        test = paired.mcnemar(candidate, baseline, side)
    else:
        test = mean.test
    ranks = paired.wilcoxon(differences, side) if differences.any() else None
    result = TestResult(
        metric=metric.name,
        higher_is_better=metric.higher_is_better,
        candidate=candidate_name,
        baseline=baseline_name,
        scenario=scenario,
        test=test.name,
        reason=test.note,
        alternative=options.alternative,
        n=len(differences),
        dropped=int((~kept).sum()),
        statistic=test.statistic,
        p_value=test.p_value,
        p_adjusted=None,
        effect_name=test.effect_name,
        effect=test.effect,
        d_z=paired.cohens_dz(differences),
        ranks_p_value=ranks.p_value if ranks else None,
        rank_biserial=ranks.effect if ranks else None,
        skewness=mean.skewness,
        any_law_p_value=any_law,
        mean_difference=float(differences.mean()) if len(differences) else None,
        confidence=options.confidence,
        ci_low=mean.low,
        ci_high=mean.high,
        ci_method=mean.method,
        bound=mean.bound,
        minimum_detectable=minimum_detectable(
            differences,
            options.alpha,
            options.power,
            one_sided=options.alternative != "two-sided",
            hits=hits,
        ),
        alpha=options.alpha,
        significant=False,
    )
    return result.adjusted(result.p_value)


def _side(metric: Metric, alternative: str) -> Side:
    if alternative == "two-sided":
        return "two-sided"
    return "greater" if (alternative == "better") == metric.higher_is_better else "less"


@dataclasses.dataclass(frozen=True)
class _Mean:
    """What is known of the mean difference; None where it cannot be computed."""

    test: paired.Outcome
    low: float | None
    high: float | None
    bound: float | None
    method: str
    skewness: float | None


def _mean(
    differences: np.ndarray, side: Side, any_law: float | None, options: ComparisonOptions
) -> _Mean:
    if len(differences) < 2:
        note = (
            "a single playlist cannot show a difference"
            if len(differences)
            else "no playlist has a value from both models"
        )
        nothing = paired.Outcome("none", None, None, "none", None, note)
        return _Mean(nothing, None, None, None, "none: fewer than two playlists", None)
    if np.ptp(differences) <= 1e-12 * np.abs(differences).max():
        return _without_spread(differences, any_law)
    bootstrap = Studentised(differences, options.resamples, options.seed)
    low, high = bootstrap.bounds((1 - options.confidence) / 2)
    lower, upper = bootstrap.bounds(options.alpha)
    bound = {"greater": lower, "less": upper, "two-sided": None}[side]
    test = paired.Outcome(
        "studentised bootstrap",
        bootstrap.mean / bootstrap.error,
        bootstrap.p_value(side),
        "d_z",
        paired.cohens_dz(differences),
    )
    method = "studentised bootstrap"
    return _Mean(
        test, _finite(low), _finite(high), _finite(bound), method, float(stats.skew(differences))
    )


def _without_spread(differences: np.ndarray, any_law: float | None) -> _Mean:
    """All differences are equal: what was never seen decides, so only a test of every law can."""
    if not differences[0]:
        note = "every playlist has the same value from both models"
        test = paired.Outcome("none", None, 1.0, "none", 0.0, note)
        return _Mean(test, 0.0, 0.0, None, "none needed: all differences are zero", None)
    method = "none: all differences are equal"
    if any_law is None:
        note = "all differences are equal, and without bounds of the metric nothing follows"
        return _Mean(
            paired.Outcome("none", None, None, "none", None, note), None, None, None, method, None
        )
    note = "all differences are equal, so that only a test for every law of differences decides"
    test = paired.Outcome("bounded mean by betting", None, any_law, "none", None, note)
    return _Mean(test, None, None, None, method, None)


def _any_law(differences: np.ndarray, side: Side, span: float | None) -> float | None:
    """The p-value that holds whatever the law of the differences; None without a bound of them."""
    if span is None or len(differences) < 2 or np.abs(differences).max() > span:
        return None
    signs = {"greater": (1,), "less": (-1,), "two-sided": (1, -1)}[side]
    p_value = min(bounded_mean_p_value(sign * differences, span) for sign in signs)
    return min(1.0, len(signs) * p_value)


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None
