"""Is the difference real: forest plots, distributions and tests, all paired by playlist."""

from __future__ import annotations

import dataclasses
from typing import Any

from report import formatting
from report.loading import RunResults
from report.rows import paired
from report.sections.forest import OVERALL, WORSE_SERIES, forests, scenario_of
from report.sections.spreads import spreads
from report.values import as_number, as_text

EFFECTS = {"rank_biserial": "rank-biserial", "cohens_g": "Cohen's g", "none": ""}


@dataclasses.dataclass(frozen=True)
class TestRow:
    """One line of the table of tests."""

    baseline: str
    metric: str
    scenario: str
    n: str
    dropped: str
    difference: str
    interval: str
    effect: str
    effect_name: str
    test: str
    reason: str
    p: str
    adjusted: str
    significant: bool | None


def build(results: RunResults) -> dict[str, Any]:
    """What templates/differences.html shows."""
    wide = paired(results.deciding, results.headline)
    leading = results.headline
    tests = [(as_text(t.get("metric")) == leading, _test_row(t)) for t in results.tests]
    plots = forests(results, wide)
    return {
        "label": formatting.metric_info(results.headline).label,
        "candidate": results.candidate,
        "forests": plots,
        "spreads": spreads(results, wide),
        "tests": [row for leads, row in tests if leads and row.scenario == OVERALL],
        "others": [row for leads, row in tests if not leads and row.scenario == OVERALL],
        "scenarios": [row for leads, row in tests if leads and row.scenario != OVERALL],
        "any_tests": bool(tests),
        "one_sided": bool(tests) and all(t.get("alternative") == "better" for t in results.tests),
        "any_worse": any(
            mark.series == WORSE_SERIES for plot in plots for row in plot.rows for mark in row.marks
        ),
        "detectable": _detectable(results),
    }


def _test_row(test: dict[str, Any]) -> TestRow:
    metric = as_text(test.get("metric"))
    decimals = formatting.metric_info(metric).decimals
    low, high = as_number(test.get("ci_low")), as_number(test.get("ci_high"))
    significant = test.get("significant")
    effect, name = as_text(test.get("effect_name")), as_text(test.get("test"))
    dropped = as_number(test.get("dropped"))
    return TestRow(
        baseline=as_text(test.get("baseline")) or formatting.NOTHING,
        metric=formatting.directed(metric) or formatting.NOTHING,
        scenario=scenario_of(test),
        n=formatting.count(as_number(test.get("n"))),
        dropped=formatting.count(dropped) if dropped else "",
        difference=formatting.signed(as_number(test.get("mean_difference")), decimals),
        interval=formatting.interval(low, high, decimals),
        effect=formatting.signed(as_number(test.get("effect")), 2),
        effect_name=EFFECTS.get(effect, effect),
        test="no test" if name == "none" else name or formatting.NOTHING,
        reason=as_text(test.get("reason")),
        p=formatting.p_value(as_number(test.get("p_value"))),
        adjusted=formatting.p_value(as_number(test.get("p_adjusted"))),
        significant=significant if isinstance(significant, bool) else None,
    )


def _detectable(results: RunResults) -> list[tuple[str, str]]:
    """The smallest difference in the headline metric that so many playlists can show."""
    found = []
    for test in results.tests:
        size = as_number(test.get("minimum_detectable"))
        of_headline = as_text(test.get("metric")) == results.headline
        if size is not None and of_headline and scenario_of(test) == OVERALL:
            found.append((as_text(test.get("baseline")), formatting.fixed(size, 4)))
    return found
