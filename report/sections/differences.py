"""Is the difference real: forest plots, distributions and tests, all paired by playlist."""

from __future__ import annotations

import dataclasses
from typing import Any

from report import formatting
from report.loading import RunResults
from report.rows import paired
from report.sections.forest import OVERALL, WORSE_SERIES, forests
from report.sections.spreads import spreads
from schema.documents import PairedTest

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
    tests = [(t.metric == leading, _test_row(t)) for t in results.metrics.tests]
    plots = forests(results, wide)
    return {
        "label": formatting.measure(results.headline).label,
        "candidate": results.candidate,
        "forests": plots,
        "spreads": spreads(results, wide),
        "tests": [row for leads, row in tests if leads and row.scenario == OVERALL],
        "others": [row for leads, row in tests if not leads and row.scenario == OVERALL],
        "scenarios": [row for leads, row in tests if leads and row.scenario != OVERALL],
        "any_tests": bool(tests),
        "one_sided": bool(tests) and all(t.alternative == "better" for t in results.metrics.tests),
        "any_worse": any(
            mark.series == WORSE_SERIES for plot in plots for row in plot.rows for mark in row.marks
        ),
        "detectable": _detectable(results),
    }


def _test_row(test: PairedTest) -> TestRow:
    decimals = formatting.measure(test.metric).decimals
    return TestRow(
        baseline=test.baseline or formatting.NOTHING,
        metric=formatting.directed(test.metric) or formatting.NOTHING,
        scenario=test.scenario or OVERALL,
        n=formatting.count(test.n),
        dropped=formatting.count(test.dropped) if test.dropped else "",
        difference=formatting.signed(test.mean_difference, decimals),
        interval=formatting.interval(test.ci_low, test.ci_high, decimals),
        effect=formatting.signed(test.effect, 2),
        effect_name=EFFECTS.get(test.effect_name, test.effect_name),
        test="no test" if test.test == "none" else test.test or formatting.NOTHING,
        reason=test.reason,
        p=formatting.p_value(test.p_value),
        adjusted=formatting.p_value(test.p_adjusted),
        significant=test.significant,
    )


def _detectable(results: RunResults) -> list[tuple[str, str]]:
    """The smallest difference in the headline metric that so many playlists can show."""
    return [
        (test.baseline, formatting.fixed(test.minimum_detectable, 4))
        for test in results.metrics.tests
        if test.metric == results.headline
        and not test.scenario
        and test.minimum_detectable is not None
    ]
