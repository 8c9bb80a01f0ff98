"""How results look on the console: signs, the live line, the table of models and the verdict."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import rich.console
import rich.progress
import rich.table
import rich.text

from evaluation.metrics.registry import TABLE
from report.formatting import ARROWS, NOTHING, duration, metric
from schema.documents import RunMetrics


class Signs(NamedTuple):
    """What stands before a line."""

    start: str
    good: str
    bad: str
    cached: str
    warn: str
    item: str


UNICODE = Signs("▸", "✓", "✗", "↺", "!", "•")
ASCII = Signs(">", "+", "x", "=", "!", "-")
_TO_ASCII = str.maketrans({"—": "-", "−": "-", "–": "-", "·": "-", "…": "...", "↑": "^", "↓": "v"})


def signs(console: rich.console.Console) -> Signs:
    """The signs that the console's encoding can show."""
    return ASCII if console.options.ascii_only else UNICODE


def plain(text: str, console: rich.console.Console) -> str:
    """The text without control characters, and with what the console cannot show replaced."""
    if console.options.ascii_only:
        text = text.translate(_TO_ASCII)
    encoding = console.encoding or "utf-8"
    shown = text.encode(encoding, "replace").decode(encoding, "replace")
    return "".join(" " if unicodedata.category(c) == "Cc" else c for c in shown)


class _BarWhereKnown(rich.progress.BarColumn):
    """A bar for tasks that report how much there is to do."""

    def render(self, task: rich.progress.Task) -> Any:
        return super().render(task) if task.total else rich.text.Text("")


class _Elapsed(rich.progress.ProgressColumn):
    """The time since the component started."""

    def render(self, task: rich.progress.Task) -> rich.text.Text:
        return rich.text.Text(duration(task.elapsed), style="dim")


def live_progress(console: rich.console.Console) -> rich.progress.Progress:
    """The live display of what is running: spinner, name, time, bar and text."""

    def whole() -> rich.table.Column:
        return rich.table.Column(no_wrap=True)

    return rich.progress.Progress(
        rich.progress.SpinnerColumn("line" if console.options.ascii_only else "dots"),
        rich.progress.TextColumn("{task.description:<20}", markup=False, table_column=whole()),
        _Elapsed(table_column=whole()),
        _BarWhereKnown(bar_width=20, table_column=whole()),
        # Only the text gives way on a narrow terminal, as the line must stay one line.
        rich.progress.TextColumn(
            "{task.fields[text]}",
            style="dim",
            markup=False,
            table_column=rich.table.Column(no_wrap=True, overflow="ellipsis", ratio=1),
        ),
        console=console,
        transient=True,
        expand=True,
        refresh_per_second=8,
        redirect_stdout=False,
        redirect_stderr=False,
    )


def models_table(metrics: RunMetrics, console: rich.console.Console) -> rich.table.Table | None:
    """Every model's metrics, the candidate first and then from best to worst.

    A narrow console gets fewer metrics, not broken lines. None where no model has any.
    """
    means = {
        name: {metric: estimate.mean for metric, estimate in model.overall.items()}
        for name, model in metrics.models.items()
    }
    brief = [name for name, measure in TABLE.items() if measure.brief]
    shown = [name for name in brief if any(found.get(name) is not None for found in means.values())]
    if not shown:
        return None
    lead, candidate = shown[0], candidate_of(metrics)
    sign = TABLE[lead].direction or 1

    def rank(name: str) -> tuple[bool, float]:
        mean = means[name].get(lead)
        return name != candidate, float("inf") if mean is None else -sign * mean

    ordered = {name: means[name] for name in sorted(means, key=rank)}
    seconds = {name: model.fit_seconds for name, model in metrics.models.items()}
    table = _table(ordered, shown, seconds, candidate, console)
    wide = console.options.update(width=1000)
    while len(shown) > 1 and console.measure(table, options=wide).maximum > console.width:
        shown.pop()
        table = _table(ordered, shown, seconds, candidate, console)
    return table


def _table(
    means: Mapping[str, Mapping[str, float | None]],
    columns: Sequence[str],
    seconds: Mapping[str, float | None],
    candidate: str,
    console: rich.console.Console,
) -> rich.table.Table:
    table = rich.table.Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Model", no_wrap=True)
    for name in columns:
        measure = TABLE[name]
        head = (measure.short or measure.label) + ARROWS[measure.direction]
        table.add_column(plain(head, console), justify="right", no_wrap=True)
    table.add_column("Fit", justify="right", no_wrap=True)
    best = {name: _best([found.get(name) for found in means.values()], name) for name in columns}
    for model, found in means.items():
        cells = [rich.text.Text(plain(model, console), "bold" if model == candidate else "")]
        for name in columns:
            value = found.get(name)
            style = "bold green" if value is not None and value == best[name] else ""
            cells.append(rich.text.Text(plain(metric(value, name), console), style))
        fit = seconds.get(model)
        shown = NOTHING if fit is None else duration(fit)
        table.add_row(*cells, rich.text.Text(plain(shown, console), "dim"))
    return table


def _best(values: list[float | None], name: str) -> float | None:
    """The best value, None where there is nothing to choose from."""
    better = TABLE[name].direction
    known = [value for value in values if value is not None]
    if not better or len(known) < 2:
        return None
    return max(known, key=lambda value: value * better)


def candidate_of(metrics: RunMetrics) -> str:
    """The candidate's name: the tests have it, otherwise the first model is taken."""
    return next(filter(None, [*(test.candidate for test in metrics.tests), *metrics.models]), "")


def verdict(metrics: RunMetrics) -> str:
    """Whether the candidate is blessed and pushed, in a sentence."""
    name = candidate_of(metrics) or "The candidate"
    if metrics.blessing.blessed is None:
        return f"No verdict on {name} was recorded."
    if not metrics.blessing.blessed:
        return f"{name} is not blessed: {metrics.pushed}."
    return f"{name} is blessed and {metrics.pushed if metrics.pushed_version else 'not pushed'}."
