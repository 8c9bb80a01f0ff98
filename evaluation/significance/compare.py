"""One paired comparison, from the values of two models to a result."""

from __future__ import annotations

import numpy as np

from evaluation.metrics.base import Metric
from evaluation.metrics.registry import find
from evaluation.significance import paired
from evaluation.significance.choice import choose
from evaluation.significance.interval import mean_interval
from evaluation.significance.power import minimum_detectable
from evaluation.significance.result import Options, TestResult


def compare_paired(
    candidate: np.ndarray,
    baseline: np.ndarray,
    metric: str | Metric,
    *,
    candidate_name: str = "candidate",
    baseline_name: str = "baseline",
    scenario: str | None = None,
    options: Options | None = None,
) -> TestResult:
    """Tests whether a candidate differs from a baseline on the same playlists.

    A pair with a value that is not finite is left out and counted.

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
    options = options or Options()
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

    choice = choose(differences, metric.binary, options.seed)
    side = _side(metric, options.alternative)
    if choice.test == "mcnemar":
        outcome = paired.mcnemar(candidate, baseline, side)
    else:
        outcome = _test(choice.test, differences, side)
    interval = mean_interval(differences, options.confidence, options.resamples, options.seed)
    result = TestResult(
        metric=metric.name,
        higher_is_better=metric.higher_is_better,
        candidate=candidate_name,
        baseline=baseline_name,
        scenario=scenario,
        test=outcome.name,
        reason="; ".join(filter(None, (choice.reason, outcome.note))),
        alternative=options.alternative,
        n=len(differences),
        dropped=int((~kept).sum()),
        statistic=outcome.statistic,
        p_value=outcome.p_value,
        p_adjusted=None,
        effect_name=outcome.effect_name,
        effect=outcome.effect,
        d_z=paired.cohens_dz(differences),
        mean_difference=float(differences.mean()) if len(differences) else None,
        confidence=options.confidence,
        ci_low=interval.low,
        ci_high=interval.high,
        ci_method=interval.method,
        minimum_detectable=minimum_detectable(
            differences, options.alpha, options.power, options.alternative != "two-sided"
        ),
        alpha=options.alpha,
        significant=False,
    )
    return result.adjusted(result.p_value)


def _side(metric: Metric, alternative: str) -> paired.Side:
    if alternative == "two-sided":
        return "two-sided"
    return "greater" if (alternative == "better") == metric.higher_is_better else "less"


def _test(name: str, differences: np.ndarray, side: paired.Side) -> paired.Outcome:
    if name == "t":
        return paired.paired_t(differences, side)
    if name == "wilcoxon":
        return paired.wilcoxon(differences, side)
    # Equal lists are no evidence at all; without a pair, or with one, nothing is known.
    equal = len(differences) > 0 and not differences.any()
    return paired.Outcome("none", None, 1.0 if equal else None, "none", 0.0 if equal else None)
