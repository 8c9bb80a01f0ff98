"""Forest plots: the candidate's difference to every baseline, overall and by scenario."""

from __future__ import annotations

import dataclasses

import pandas as pd

from evaluation.summary import estimate
from report import charts, formatting
from report.loading import RunResults
from schema.documents import Estimate
from schema.rows import SCENARIO

OVERALL = "Overall"
WORSE_SERIES = 7  # drawn in the colour of what is worse


@dataclasses.dataclass(frozen=True)
class Difference:
    """The candidate minus a baseline, in one scenario or overall.

    Attributes:
        verdict: "better" where that was shown, "worse" where the whole interval is on that side,
            otherwise "open".
    """

    scenario: str
    found: Estimate
    verdict: str
    n: int | None


def forests(results: RunResults, wide: pd.DataFrame) -> list[charts.RowChart]:
    """One forest plot per baseline, each on its own scale; `wide` is `rows.paired`."""
    plots = []
    for baseline in results.rivals():
        items = _differences(results, baseline, wide)
        if not items:
            continue
        bounds = [
            value
            for item in items
            for value in (item.found.mean, item.found.ci_low, item.found.ci_high)
        ]
        scale = charts.Scale.around(bounds, zero=True)
        plots.append(
            charts.RowChart(
                [_forest_row(item, scale) for item in items],
                scale.ticks(3, sign=True),
                f"Difference in {formatting.measure(results.headline).label}",
                f"Forest plot: {results.candidate} minus {baseline}. {_in_words(items)}",
                f"against {baseline}",
                scale(0.0),
            )
        )
    return plots


def _forest_row(item: Difference, scale: charts.Scale) -> charts.Row:
    between = formatting.interval(item.found.ci_low, item.found.ci_high)
    tip = f"{item.scenario}: {formatting.signed(item.found.mean)}"
    tip += f" ({between})" if between else ""
    tip += f", {formatting.playlists(item.n)}" if item.n else ""
    mark = charts.Mark(
        *scale.interval(item.found),
        WORSE_SERIES if item.verdict == "worse" else 0,
        tip,
        hollow=item.verdict != "better",
    )
    note = formatting.signed(item.found.mean)
    return charts.Row(item.scenario, [mark], item.scenario == OVERALL, note)


def _verdict(shown: bool, found: Estimate, better: int) -> str:
    """What an interval says; `shown` is whether a test found a difference."""
    low, high = found.ci_low, found.ci_high
    if shown and found.mean is not None and found.mean * better > 0:
        return "better"
    if low is None or high is None:
        return "open"
    return "worse" if max(low * better, high * better) < 0 else "open"


def _in_words(items: list[Difference]) -> str:
    ups = [d.scenario for d in items if d.verdict == "better"]
    downs = [d.scenario for d in items if d.verdict == "worse"]
    parts = []
    if ups:
        parts.append(f"Clearly better: {formatting.listing(ups)}.")
    if downs:
        parts.append(f"Clearly worse: {formatting.listing(downs)}.")
    return " ".join(parts) or "No clear difference."


def _differences(results: RunResults, baseline: str, wide: pd.DataFrame) -> list[Difference]:
    """From the run's own tests; from the rows with t intervals where there are none."""
    better = formatting.measure(results.headline).direction or 1
    tested: dict[str, Difference] = {}
    for test in results.metrics.tests:
        of_pair = (test.baseline, test.metric) == (baseline, results.headline)
        if of_pair and test.mean_difference is not None:
            found = Estimate(mean=test.mean_difference, ci_low=test.ci_low, ci_high=test.ci_high)
            verdict = _verdict(test.significant is True, found, better)
            item = Difference(test.scenario or OVERALL, found, verdict, test.n)
            tested.setdefault(item.scenario, item)
    names = dict.fromkeys([OVERALL, *results.scenarios, *tested])
    items = [tested.get(name) or _from_rows(results, baseline, name, wide) for name in names]
    return [item for item in items if item]


def _from_rows(
    results: RunResults, baseline: str, scenario: str, wide: pd.DataFrame
) -> Difference | None:
    if not {baseline, results.candidate} <= set(wide.columns):
        return None
    rows = wide
    if scenario != OVERALL:
        rows = wide[wide.index.get_level_values(SCENARIO) == scenario]
    values = (rows[results.candidate] - rows[baseline]).dropna().to_numpy()
    found = estimate(values)
    if found.mean is None:
        return None
    clear = (
        found.ci_low is not None and found.ci_high is not None and found.ci_low * found.ci_high > 0
    )
    better = formatting.measure(results.headline).direction or 1
    return Difference(scenario, found, _verdict(clear, found, better), len(values))
