"""A run and a comparison as Markdown, for the summary of a change or a job."""

from __future__ import annotations

from collections.abc import Iterable

from evaluation.compare import Comparison
from evaluation.metrics.registry import TABLE
from evaluation.significance.result import TestResult
from report import formatting
from report.loading import RunResults
from report.sections import verdict


def run(results: RunResults) -> str:
    """The verdict with its reasons, and every model's accuracy."""
    shown = verdict.build(results)
    marks = {True: "✅ ", False: "❌ ", None: ""}
    parts = [
        f"### {_text(shown['headline'])}",
        _text(shown["consequence"]),
        "\n".join(f"- {marks[good]}{_text(reason)}" for reason, good in shown["reasons"]),
        _models(results),
        " · ".join(f"{_text(name)}: {_text(value)}" for name, value in shown["facts"]),
        "\n".join(f"- {_text(note)}" for note in results.notes),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def comparison(found: Comparison) -> str:
    """B against A by metric, over all playlists that both have, and what was left out."""
    tests = [test for test in found.tests if test.scenario is None]
    left_out = found.only_a + found.only_b
    parts = [
        f"### {_text(found.b)} against {_text(found.a)}",
        f"{formatting.playlists(found.shared)} that both have"
        + (f"; {formatting.count(left_out)} of one only are left out." if left_out else "."),
        f"Caution: {_text(found.caution)}." if found.caution else "",
        _table(
            ["metric", "A", "B", "B − A", "interval", "p", "shown"],
            (_test_row(found, test) for test in tests),
        ),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _models(results: RunResults) -> str:
    metrics = [name for name in results.metric_names if name in TABLE and TABLE[name].direction]
    rows = []
    for model in results.models:
        values = [formatting.metric(results.mean(model, name), name) for name in metrics]
        rows.append([f"**{model}**" if model == results.candidate else model, *values])
    return _table(["model", *map(formatting.directed, metrics)], rows) if rows else ""


def _test_row(found: Comparison, test: TestResult) -> list[str]:
    means = [found.models[name].overall[test.metric].mean for name in (found.a, found.b)]
    return [
        formatting.directed(test.metric),
        *(formatting.metric(mean, test.metric) for mean in means),
        formatting.signed(test.mean_difference),
        f"{formatting.signed(test.ci_low)} to {formatting.signed(test.ci_high)}",
        formatting.p_value(test.p_adjusted),
        "yes" if test.significant else "no",
    ]


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(_text, line))} |" for line in lines)


def _text(value: object) -> str:
    """What a model or a file is called must not end a cell or begin HTML."""
    return str(value).replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
