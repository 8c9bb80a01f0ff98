"""Training: every model's curves, time and parameters."""

from __future__ import annotations

import dataclasses
from typing import Any

from report import charts, formatting
from report.loading import RunResults
from report.sections import tuning
from report.sections.tables import Table
from schema.documents import TrainingCurve

CLOCKS = ("step", "epoch", "iteration", "seconds")
MAX_POINTS = 400


@dataclasses.dataclass(frozen=True)
class Trained:
    """One model: its time, its parameters and a chart per number that its history follows.

    `trials` is what the search for its parameters tried, None where there was none.
    """

    name: str
    series: int
    seconds: str
    params: list[tuple[str, str]]
    charts: list[charts.LineChart]
    trials: Table | None


def build(results: RunResults) -> dict[str, Any]:
    """What templates/training.html shows."""
    training = results.details.training
    names = [m for m in results.models if m in training]
    names += [m for m in training if m not in names]
    return {"trained": [_trained(results, name, training[name]) for name in names]}


def _trained(results: RunResults, name: str, entry: TrainingCurve) -> Trained:
    series = results.models.index(name) if name in results.models else len(results.models)
    rows = entry.history
    clock = next((key for key in CLOCKS if any(row.get(key) is not None for row in rows)), "")
    keys = dict.fromkeys(key for row in rows for key in row if key not in CLOCKS)
    curves = [_curve(name, series, rows, clock, key) for key in keys]
    return Trained(
        name,
        series,
        formatting.duration(entry.fit_seconds),
        formatting.flatten(entry.params),
        [curve for curve in curves if curve],
        tuning.trials(results, name),
    )


def _curve(
    model: str, series: int, rows: list[dict[str, int | float | None]], clock: str, key: str
) -> charts.LineChart | None:
    pairs = [
        (time, value)
        for place, row in enumerate(rows)
        if (value := row.get(key)) is not None
        and (time := row.get(clock) if clock else float(place)) is not None
    ]
    if len(pairs) < 2:
        return None
    pairs.sort(key=lambda pair: pair[0])
    every = -(-len(pairs) // MAX_POINTS)
    shown = pairs[::every]
    if shown[-1] != pairs[-1]:
        shown.append(pairs[-1])
    across = charts.Scale(shown[0][0], shown[-1][0])
    scale = charts.Scale.around([value for _, value in shown])
    label = key.replace("_", " ")
    unit = clock or "row"
    points = [
        charts.Point(
            across(time),
            scale(value),
            None,
            None,
            f"{unit} {formatting.fixed(time, 0)}: {formatting.fixed(value)}",
        )
        for time, value in shown
    ]
    first, last = formatting.fixed(shown[0][1]), formatting.fixed(shown[-1][1])
    return charts.LineChart(
        [charts.Line(model, series, points)],
        across.ticks(4),
        scale.ticks(4),
        unit,
        label,
        f"Line chart of {label} while {model} trains: from {first} to {last}.",
        dots=len(points) <= 12,
    )
