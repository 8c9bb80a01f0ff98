"""Forest plots: the candidate's difference to every baseline, overall and by scenario."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd

from report import charts, formatting
from report.loading import RunResults
from report.statistics import estimate
from report.values import as_number, as_text

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
    mean: float
    low: float | None
    high: float | None
    verdict: str
    n: int | None


def scenario_of(test: dict[str, Any]) -> str:
    """The scenario of a test, OVERALL where it is of all playlists."""
    name = as_text(test.get("scenario"))
    return OVERALL if not name or name.lower() == "overall" else name


def forests(results: RunResults, wide: pd.DataFrame) -> list[charts.RowChart]:
    """One forest plot per baseline, each on its own scale; `wide` is `rows.paired`."""
    plots = []
    for baseline in results.rivals():
        items = _differences(results, baseline, wide)
        if not items:
            continue
        bounds = [value for item in items for value in (item.mean, item.low, item.high)]
        scale = charts.Scale.around(bounds, zero=True)
        plots.append(
            charts.RowChart(
                [_forest_row(item, scale) for item in items],
                scale.ticks(3, sign=True),
                f"Difference in {formatting.metric_info(results.headline).label}",
                f"Forest plot: {results.candidate} minus {baseline}. {_in_words(items)}",
                f"against {baseline}",
                scale(0.0),
            )
        )
    return plots


def _forest_row(item: Difference, scale: charts.Scale) -> charts.Row:
    between = formatting.interval(item.low, item.high)
    tip = f"{item.scenario}: {formatting.signed(item.mean)}"
    tip += f" ({between})" if between else ""
    tip += f", {formatting.playlists(item.n)}" if item.n else ""
    mark = charts.Mark(
        scale(item.mean),
        None if item.low is None else scale(item.low),
        None if item.high is None else scale(item.high),
        WORSE_SERIES if item.verdict == "worse" else 0,
        tip,
        hollow=item.verdict != "better",
    )
    note = formatting.signed(item.mean)
    return charts.Row(item.scenario, [mark], item.scenario == OVERALL, note)


def _verdict(shown: bool, mean: float, low: float | None, high: float | None, better: int) -> str:
    """What an interval says; `shown` is whether a test found a difference."""
    if shown and mean * better > 0:
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
    better = formatting.metric_info(results.headline).better or 1
    tested: dict[str, Difference] = {}
    for test in results.tests:
        mean = as_number(test.get("mean_difference"))
        of_pair = as_text(test.get("baseline")) == baseline
        if mean is None or not of_pair or as_text(test.get("metric")) != results.headline:
            continue
        low, high = as_number(test.get("ci_low")), as_number(test.get("ci_high"))
        n = as_number(test.get("n"))
        verdict = _verdict(test.get("significant") is True, mean, low, high, better)
        item = Difference(scenario_of(test), mean, low, high, verdict, int(n) if n else None)
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
        rows = wide[wide.index.get_level_values("scenario") == scenario]
    found = estimate((rows[results.candidate] - rows[baseline]).to_numpy())
    if found is None:
        return None
    clear = found.low is not None and found.high is not None and found.low * found.high > 0
    better = formatting.metric_info(results.headline).better or 1
    verdict = _verdict(clear, found.mean, found.low, found.high, better)
    return Difference(scenario, found.mean, found.low, found.high, verdict, found.n)
