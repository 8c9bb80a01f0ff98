"""The one gate: whether a candidate may be pushed, and why, in plain words.

Every condition must hold. For a bad candidate to be blessed it would have to pass each of them by
chance, so that the rate of false blessings is at most alpha without any correction for their
number (intersection-union test: Berger, Technometrics 24, 1982).
"""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from evaluation.findings import Finding, told
from evaluation.gate_config import GateConfig
from evaluation.metrics import mean
from evaluation.metrics.registry import find
from evaluation.rows import of_split
from evaluation.significance.compare import compare_paired
from evaluation.significance.family import holm, pair
from evaluation.significance.result import Alternative, ComparisonOptions, TestResult
from schema import rows as columns
from schema.documents import Check, ServedModel
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
    state: ServedModel | None = None,
    split: str | None = DECIDING,
    seed: int = 0,
) -> Decision:
    """Decides whether a candidate may be pushed.

    Args:
        config: the conditions.
        rows: as in per_playlist.parquet, with those of the candidate, of the baselines and of the
            served model.
        candidate: its name in the rows.
        served: the served model's name there, None where the candidate is not compared with it.
        state: why it is not, or a caution where it is; None where nothing is served yet, or
            there is nothing to add.
        split: whose playlists decide.
        seed: of the bootstrap.

    Raises:
        ValueError: there are no rows of that split, several of a model and playlist, or no
            column of the metric that decides.
    """
    chosen = of_split(rows, split)
    if config.metric not in chosen:
        raise ValueError(f"the rows have no column {config.metric!r}, by which the gate decides")
    judge = _Judge(config, chosen, candidate, seed)
    if not (chosen[columns.MODEL] == candidate).any():
        text = f"Nothing is known of {candidate}: no playlist of the {split} split was scored."
        return Decision(False, (Check(name="floor", passed=False, text=text),), ())
    checks = judge.floors()
    state = state or ServedModel()
    asked = served is not None or state.comparison == "same"
    if not asked and not config.floors and not config.better_than:
        text = (
            f"Nothing was asked of {candidate}: there is no served model to compare with, and "
            "gate.better_than and gate.floors are empty."
        )
        checks.append(Check(name="floor", passed=False, text=text))
    checks += [judge.beats(baseline) for baseline in config.better_than]
    if served is None:
        checks.append(_without_comparison(state, config))
    else:
        checks.append(judge.against_served(served, state.reason))
        checks += judge.scenarios(served)
    ordered = sorted(checks, key=lambda check: check.passed)
    return Decision(all(check.passed for check in checks), tuple(ordered), tuple(judge.tests))


def _without_comparison(state: ServedModel, config: GateConfig) -> Check:
    """What the gate says of the served model where the candidate is not compared with it."""
    if state.comparison == "none":
        return Check(
            name="served", passed=True, text="No model is served yet, so none can get worse."
        )
    if state.comparison == "same":
        text = f"It is what is served already, version {state.version}: no comparison is needed."
        return Check(name="served", passed=True, judged=False, text=text)
    passes = config.unjudged_served == "others_decide"
    then = "the other conditions decide" if passes else "that refuses the candidate"
    text = (
        f"Not judged against the served model, version {state.version}: {state.reason}. "
        f"By gate.unjudged_served, {then}."
    )
    return Check(name="served", passed=passes, judged=False, text=text)


class _Judge:
    """Looks at each condition in turn and keeps the comparisons that it made."""

    def __init__(self, config: GateConfig, rows: pd.DataFrame, candidate: str, seed: int) -> None:
        self._config = config
        self._rows = rows
        self._candidate = candidate
        self._seed = seed
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

    def against_served(self, served: str, caution: str | None = None) -> Check:
        """Compares with the served model, and adds what to consider."""
        check = self._against_served(served)
        if caution is None:
            return check
        text = f"{check.text} Note: {caution}."
        return check.model_copy(update={"text": text})

    def _against_served(self, served: str) -> Check:
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
        if result.significant:
            return Check(
                name="served", passed=False, text=f"Worse than the served model: {evidence}"
            )
        blind = ""
        if result.minimum_detectable is not None:
            blind = f" A drop below {result.minimum_detectable:.4f} could go unseen."
        text = f"Not significantly worse than the served model: {evidence}{blind}"
        return Check(name="served", passed=True, text=text)

    def _non_inferior(self, pairs: pd.DataFrame, result: TestResult) -> Check:
        """Whether the candidate, were it better by the margin, is shown to be better."""
        name, other = self._metric.name, f"{self._metric.name}_baseline"
        margin = self._config.margin * abs(float(pairs[other].mean()))
        sign = 1 if self._metric.higher_is_better else -1
        moved = pairs.assign(**{name: pairs[name] + sign * margin})
        found = self._compare(moved, result.baseline, "better", keep=False)
        equal = not (pairs[name] - pairs[other]).to_numpy().any()
        if equal:
            text = f"As good as the served model: {_evidence(result, pairs)}"
            return Check(name="served", passed=True, text=text)
        passed = found.significant
        shown = "is ruled out" if passed else "cannot be ruled out"
        bound = "no bound"
        if found.bound is not None:
            bound = f"at {1 - self._config.alpha:.0%} the loss is at most "
            bound += f"{max(0.0, margin - sign * found.bound):.4f}"
        # The difference as it is, with the test of the loss that is to be ruled out.
        told_of = ("test", "p_value", "p_adjusted", "reason", "caution")
        of_loss = {name: getattr(found, name) for name in told_of}
        text = (
            f"A loss of {self._config.margin:.0%} ({margin:.4f}) against the served model {shown}: "
            f"{_evidence(result.model_copy(update=of_loss), pairs)[:-1]}; {bound}."
        )
        return Check(name="served", passed=passed, text=text)

    def scenarios(self, served: str) -> list[Check]:
        """Refuses a candidate that lost too much in a scenario, beyond chance.

        Every scenario is one more chance to err, so their p-values are corrected as a family.
        """
        pairs = self._pairs(served)
        limit = self._config.max_scenario_drop
        if pairs is None or limit is None:
            return []
        groups = {str(name): group for name, group in pairs.groupby(columns.SCENARIO, sort=False)}
        fewest = self._config.min_scenario_playlists
        small = [name for name, group in groups.items() if len(group) < fewest]
        judged = {name: group for name, group in groups.items() if name not in small}
        results = holm(
            [
                self._compare(group, served, "worse", name, keep=False)
                for name, group in judged.items()
            ]
        )
        drops = [
            drop
            for result in results
            if (drop := self._drop(result, judged[str(result.scenario)], limit)) is not None
        ]
        self.tests += [drop.result for drop in drops]
        checks = []
        for refuses, rest in (
            (True, "lost too much"),
            (False, "lost as much by what may be chance"),
        ):
            found = [drop.finding for drop in drops if drop.result.significant == refuses]
            texts = told(found, f"Scenarios: and {{}} more {rest}, none of them a larger share.")
            checks += [Check(name="scenario", passed=not refuses, text=text) for text in texts]
        if not checks and judged:
            text = (
                f"None of {len(judged)} scenarios lost more than {limit:.1%} to the served model."
            )
            checks.append(Check(name="scenario", passed=True, text=text))
        if small:
            text = f"Too few playlists to judge a drop in: {', '.join(small)}."
            checks.append(Check(name="scenario", passed=True, text=text))
        return checks

    def _drop(self, result: TestResult, group: pd.DataFrame, limit: float) -> _Drop | None:
        """The loss in a scenario where it is larger than allowed, else None."""
        if result.mean_difference is None:
            return None
        loss = result.mean_difference * (-1 if self._metric.higher_is_better else 1)
        base = abs(float(group[f"{self._metric.name}_baseline"].mean()))
        if loss <= limit * base:
            return None
        share = loss / base if base else math.inf
        chance = "" if result.significant else ", which may be chance"
        lost = f"{share:.1%}" if base else "all"
        text = f"Scenario {result.scenario} lost {lost} (at most {limit:.1%} is allowed){chance}: "
        return _Drop(result, Finding(share, text + _evidence(result, group)))

    def _pairs(self, baseline: str) -> pd.DataFrame | None:
        if not (self._rows[columns.MODEL] == baseline).any():
            return None
        return pair(self._rows, self._candidate, baseline)

    def _compare(
        self,
        pairs: pd.DataFrame,
        baseline: str,
        side: Alternative,
        scenario: str | None = None,
        *,
        keep: bool = True,
    ) -> TestResult:
        name = self._metric.name
        result = compare_paired(
            pairs[name].to_numpy(),
            pairs[f"{name}_baseline"].to_numpy(),
            self._metric,
            candidate_name=self._candidate,
            baseline_name=baseline,
            scenario=scenario,
            options=ComparisonOptions(
                alternative=side,
                alpha=self._config.alpha,
                resamples=self._config.resamples,
                seed=self._seed,
            ),
        )
        if keep:
            self.tests.append(result)
        return result


class _Drop(NamedTuple):
    """A scenario that lost more than is allowed.

    Attributes:
        result: the test of the loss.
        finding: its share of the served model's mean, infinite where that is 0, and a sentence.
    """

    result: TestResult
    finding: Finding


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
    p = _p(result.p_value)
    if result.p_adjusted is not None and result.p_adjusted != result.p_value:
        p += f" ({_p(result.p_adjusted)} corrected for the number of scenarios)"
    caution = f"; {result.caution}" if result.caution else ""
    return f"{text} over {result.n} playlists, {result.test}, {p}{caution}."


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"
