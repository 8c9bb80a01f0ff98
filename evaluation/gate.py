"""The one gate: whether a candidate may be pushed, and why, in plain words.

Every condition must hold. For a bad candidate to be blessed it would have to pass each of them by
chance, so that the rate of false blessings is at most alpha without any correction for their
number (intersection-union test: Berger, Technometrics 24, 1982).
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from evaluation.gate_config import GateConfig
from evaluation.metrics.base import mean
from evaluation.metrics.registry import find
from evaluation.rows import of_split
from evaluation.significance.compare import compare_paired
from evaluation.significance.family import pair
from evaluation.significance.interval import mean_interval
from evaluation.significance.result import Alternative, Options, TestResult
from schema import rows as columns
from schema.documents import Check
from schema.splits import DECIDING


@dataclasses.dataclass(frozen=True)
class Decision:
    """What the gate decides.

    Attributes:
        blessed: whether every condition holds.
        checks: each condition, those that fail first.
        tests: the comparisons behind them.
    """

    blessed: bool
    checks: tuple[Check, ...]
    tests: tuple[TestResult, ...]

    @property
    def reasons(self) -> list[str]:
        """The findings in plain words: against the candidate first, then for it."""
        return [check.text for check in self.checks]


def decide(
    config: GateConfig,
    rows: pd.DataFrame,
    candidate: str,
    served: str | None = None,
    *,
    split: str | None = DECIDING,
) -> Decision:
    """Decides whether a candidate may be pushed.

    Args:
        config: the conditions.
        rows: as in per_playlist.parquet, with those of the candidate, of the baselines and of the
            served model.
        candidate: its name in the rows.
        served: the served model's name there, None where nothing is served yet.
        split: whose playlists decide.

    Raises:
        ValueError: there are no rows of that split, several of a model and playlist, or no
            column of the metric that decides.
    """
    chosen = of_split(rows, split)
    if config.metric not in chosen:
        raise ValueError(f"the rows have no column {config.metric!r}, by which the gate decides")
    judge = _Judge(config, chosen, candidate)
    if not (chosen[columns.MODEL] == candidate).any():
        text = f"Nothing is known of {candidate}: no playlist of the {split} split was scored."
        return Decision(False, (Check(name="floor", passed=False, text=text),), ())
    checks = judge.floors()
    checks += [judge.beats(baseline) for baseline in config.better_than]
    if served is None:
        checks.append(
            Check(name="served", passed=True, text="No model is served yet, so none can get worse.")
        )
    else:
        checks.append(judge.against_served(served))
        checks += judge.scenarios(served)
    ordered = sorted(checks, key=lambda check: check.passed)
    return Decision(all(check.passed for check in checks), tuple(ordered), tuple(judge.tests))


class _Judge:
    """Looks at each condition in turn and keeps the comparisons that it made."""

    def __init__(self, config: GateConfig, rows: pd.DataFrame, candidate: str) -> None:
        self._config = config
        self._rows = rows
        self._candidate = candidate
        self._metric = find(config.metric)
        self.tests: list[TestResult] = []

    def floors(self) -> list[Check]:
        own = self._rows[self._rows[columns.MODEL] == self._candidate]
        checks = []
        for name, floor in self._config.floors.items():
            value = mean(own[name].to_numpy(dtype=np.float64)) if name in own else None
            if value is None:
                checks.append(
                    Check(
                        name="floor",
                        passed=False,
                        text=f"{name} could not be computed (floor {floor}).",
                    )
                )
                continue
            metric = find(name)
            passed = value >= floor if metric.higher_is_better else value <= floor
            limit = "floor" if metric.higher_is_better else "ceiling"
            says = "reaches" if metric.higher_is_better else "keeps"
            text = f"{name} {value:.4f} {says if passed else 'misses'} the {limit} of {floor:g}."
            checks.append(Check(name="floor", passed=bool(passed), text=text))
        return checks

    def beats(self, baseline: str) -> Check:
        if baseline == self._candidate:
            text = (
                f"{baseline} cannot be better than itself; take it out of better_than to push it."
            )
            return Check(name="baseline", passed=False, text=text)
        pairs = self._pairs(baseline)
        if pairs is None:
            return Check(
                name="baseline",
                passed=False,
                text=f"{baseline} was not scored: no comparison is possible.",
            )
        result = self._compare(pairs, baseline, "better")
        verb = "Better than" if result.significant else "Not shown to be better than"
        return Check(
            name="baseline",
            passed=result.significant,
            text=f"{verb} {baseline}: {_evidence(result, pairs)}",
        )

    def against_served(self, served: str) -> Check:
        pairs = self._pairs(served)
        if pairs is None:
            return Check(
                name="served",
                passed=False,
                text=f"The served model {served} was not scored: no comparison.",
            )
        rule = self._config.against_served
        result = self._compare(pairs, served, "worse" if rule != "better" else "better")
        if result.p_value is None:
            text = f"The served model cannot be compared with: {result.reason}."
            return Check(name="served", passed=False, text=text)
        evidence = _evidence(result, pairs)
        if rule == "better":
            verb = "Better than" if result.significant else "Not shown to be better than"
            return Check(
                name="served",
                passed=result.significant,
                text=f"{verb} the served model: {evidence}",
            )
        if rule == "non_inferior":
            return self._non_inferior(pairs, result)
        if _shown_worse(result):
            return Check(
                name="served", passed=False, text=f"Worse than the served model: {evidence}"
            )
        blind = ""
        if result.minimum_detectable is not None:
            blind = f" A drop below {result.minimum_detectable:.4f} could go unseen."
        text = f"Not significantly worse than the served model: {evidence}{blind}"
        return Check(name="served", passed=True, text=text)

    def _non_inferior(self, pairs: pd.DataFrame, result: TestResult) -> Check:
        """Whether a loss of the margin can be ruled out, by the interval of the mean difference.

        The rank test is no help here: moved by the margin, the many playlists without any
        difference would all count as gains.
        """
        gains = self._gains(pairs)
        served_mean = abs(float(pairs[f"{self._metric.name}_baseline"].mean()))
        margin = self._config.margin * served_mean
        interval = mean_interval(
            gains, 1 - 2 * self._config.alpha, self._config.resamples, self._config.seed
        )
        low = interval.low
        passed = low is not None and low >= -margin and (low > -margin or margin == 0)
        shown = "is ruled out" if passed else "cannot be ruled out"
        bound = "no lower bound" if low is None else f"lower bound {low:+.4f}"
        text = (
            f"A loss of {self._config.margin:.0%} ({margin:.4f}) against the served model {shown}: "
            f"{_evidence(result, pairs)[:-1]}, {bound} at {1 - self._config.alpha:.0%}."
        )
        return Check(name="served", passed=passed, text=text)

    def scenarios(self, served: str) -> list[Check]:
        pairs = self._pairs(served)
        limit = self._config.max_scenario_drop
        if pairs is None or limit is None:
            return []
        checks, judged, small = [], 0, []
        for name, group in pairs.groupby(columns.SCENARIO, sort=False):
            if len(group) < self._config.min_scenario_playlists:
                small.append(str(name))
                continue
            judged += 1
            gains = self._gains(group)
            base = abs(float(group[f"{self._metric.name}_baseline"].mean()))
            if not len(gains) or -float(gains.mean()) <= limit * base:
                continue
            result = self._compare(group, served, "worse", str(name))
            shown = _shown_worse(result)
            chance = "" if shown else ", which may be chance"
            share = f"{-float(gains.mean()) / base:.1%}" if base else "all"
            text = f"Scenario {name} lost {share} (at most {limit:.1%} is allowed){chance}: "
            checks.append(
                Check(name="scenario", passed=not shown, text=text + _evidence(result, group))
            )
        if not checks and judged:
            text = f"None of {judged} scenarios lost more than {limit:.1%} to the served model."
            checks.append(Check(name="scenario", passed=True, text=text))
        if small:
            text = f"Too few playlists to judge a drop in: {', '.join(small)}."
            checks.append(Check(name="scenario", passed=True, text=text))
        return checks

    def _pairs(self, baseline: str) -> pd.DataFrame | None:
        if not (self._rows[columns.MODEL] == baseline).any():
            return None
        return pair(self._rows, self._candidate, baseline)

    def _gains(self, pairs: pd.DataFrame) -> np.ndarray:
        name = self._metric.name
        gains = (pairs[name] - pairs[f"{name}_baseline"]).to_numpy(dtype=np.float64)
        gains = gains if self._metric.higher_is_better else -gains
        return gains[np.isfinite(gains)]

    def _compare(
        self, pairs: pd.DataFrame, baseline: str, side: Alternative, scenario: str | None = None
    ) -> TestResult:
        name = self._metric.name
        result = compare_paired(
            pairs[name].to_numpy(),
            pairs[f"{name}_baseline"].to_numpy(),
            self._metric,
            candidate_name=self._candidate,
            baseline_name=baseline,
            scenario=scenario,
            options=Options(
                alternative=side,
                alpha=self._config.alpha,
                resamples=self._config.resamples,
                seed=self._config.seed,
            ),
        )
        self.tests.append(result)
        return result


def _shown_worse(result: TestResult) -> bool:
    """Whether a test against "worse" or the interval of the mean shows a loss.

    Ranks hardly notice a model that is broken for a few playlists and equal on all others; the
    mean does.
    """
    if result.ci_low is None or result.ci_high is None:
        return result.significant
    below = result.ci_high < 0 if result.higher_is_better else result.ci_low > 0
    return result.significant or below


def _evidence(result: TestResult, pairs: pd.DataFrame) -> str:
    """The numbers behind a finding, in half a sentence with its full stop."""
    if result.mean_difference is None:
        return f"{result.reason}."
    name = result.metric
    both = pairs[[name, f"{name}_baseline"]].dropna()
    own, other = both[name].mean(), both[f"{name}_baseline"].mean()
    text = f"{name} {own:.4f} against {other:.4f}, {result.mean_difference:+.4f}"
    if result.ci_low is not None and result.ci_high is not None:
        text += f" ({result.confidence:.0%} interval {result.ci_low:+.4f} to {result.ci_high:+.4f})"
    if result.test == "none" or result.p_value is None:
        return f"{text}; {result.reason}."
    p = "p < 0.001" if result.p_value < 0.001 else f"p = {result.p_value:.3f}"
    caution = f"; {result.caution}" if result.caution else ""
    return f"{text} over {result.n} playlists, {result.test}, {p}{caution}."
