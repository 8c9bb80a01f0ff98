"""Comparisons as tables for the console."""

from __future__ import annotations

import rich.box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from evaluation.compare import Comparison
from evaluation.significance.result import TestResult


def comparison(found: Comparison) -> Group:
    """Everything about a comparison, to print with a rich console."""
    same = "the same withheld tracks" if found.caution is None else "as many withheld tracks"
    head = Text(f"{found.shared} playlists with {same}")
    left_out = [
        f"{count} {what}"
        for count, what in (
            (found.only_a, f"of {found.a} only"),
            (found.only_b, f"of {found.b} only"),
            (found.unanswered, "that neither answers"),
            (found.unjudged, "without withheld tracks"),
        )
        if count
    ]
    if left_out:
        head.append(f"; left out: {', '.join(left_out)}")
    if found.caution:
        head.append(f"\nCaution: {found.caution}.", style="yellow")
    overall = [test for test in found.tests if test.scenario is None]
    ndcg = [test for test in found.tests if test.scenario is not None and test.metric == "ndcg"]
    parts: list[RenderableType] = [head, tests(overall, found.a, found.b, found)]
    if ndcg:
        parts.append(tests(ndcg, found.a, found.b, found))
    used = sorted({test.test for test in overall})
    parts.append(
        Text(
            f"p: {', '.join(used)}, {found.tests[0].alternative}, Holm-corrected; "
            f"* shown at {found.tests[0].alpha:.0%}",
            style="dim",
        )
        if found.tests
        else Text("nothing to compare")
    )
    return Group(*parts)


def tests(results: list[TestResult], name_a: str, name_b: str, found: Comparison) -> Table:
    """One row a test, either by metric or by scenario."""
    by_scenario = any(test.scenario is not None for test in results)
    title = f"B, {name_b}, against A, {name_a}" + (" in NDCG, by scenario" * by_scenario)
    # Narrow enough for 80 columns, whatever the models are called.
    table = Table(title=title, box=rich.box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("scenario" if by_scenario else "metric", no_wrap=True)
    interval = f"{results[0].confidence:.0%} interval" if results else "interval"
    for name in ("A", "B", "B - A", interval, "p", "effect"):
        table.add_column(name, justify="right", no_wrap=True)
    for test in results:
        means = [_mean(found, model, test) for model in (name_a, name_b)]
        style = "bold" if test.significant else ""
        table.add_row(
            test.scenario or test.metric + ("" if test.higher_is_better else " ↓"),
            *[_number(value) for value in means],
            _number(test.mean_difference, signed=True),
            f"{_number(test.ci_low, signed=True)} {_number(test.ci_high, signed=True)}",
            _p_value(test),
            _number(test.effect, signed=True, digits=2),
            style=style,
        )
    return table


def _mean(found: Comparison, model: str, test: TestResult) -> float | None:
    summary = found.models[model]
    values = summary.scenarios[test.scenario] if test.scenario else summary.overall
    return values[test.metric].mean


def _p_value(test: TestResult) -> str:
    if test.p_adjusted is None:
        return "–"
    text = "<0.001" if test.p_adjusted < 0.001 else f"{test.p_adjusted:.3f}"
    return text + (" *" if test.significant else "")


def _number(value: float | None, *, signed: bool = False, digits: int = 4) -> str:
    if value is None:
        return "–"
    return f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
