"""How good every model is: overall, in each scenario, and on the split that decided nothing."""

from __future__ import annotations

from typing import Any

from evaluation.metrics.registry import find
from evaluation.summary import estimate
from report import charts, formatting
from report.loading import RunResults
from report.sections.slices import slices
from report.sections.tables import Cell, Table
from schema.rows import MODEL, SPLIT
from schema.splits import DECIDING


def build(results: RunResults) -> dict[str, Any]:
    """What templates/quality.html shows."""
    by_scenario = [t for m in results.metric_names if (t := _scenario_table(results, m))]
    head = formatting.measure(results.headline).label
    lead = [t for t in by_scenario if t.caption.startswith(f"{head} by")]
    return {
        "overall": _overall(results),
        "chart": _chart(results),
        "lead": lead,
        "others": [table for table in by_scenario if table not in lead],
        "splits": _splits(results),
        "slices": slices(results),
        "split": results.split,
        "meanings": [
            (info.label, info.meaning)
            for info in map(formatting.measure, results.metric_names)
            if info.meaning
        ],
        "label": head,
    }


def _best(values: list[float | None], better: int | None) -> set[int]:
    """The places of the best value; none where the metric has no better, or there is no rival."""
    known = [value for value in values if value is not None]
    if not better or len(known) < 2:
        return set()
    best = max(known) if better > 0 else min(known)
    return {i for i, value in enumerate(values) if value == best}


def _overall(results: RunResults) -> Table | None:
    models = [model for model in results.models if results.summary(model)]
    if not models:
        return None
    rows = []
    for name in results.metric_names:
        info = formatting.measure(name)
        values = [results.mean(model, name) for model in models]
        best = _best(values, info.direction)
        cells = []
        for i, model in enumerate(models):
            found = results.estimate(model, name)
            between = formatting.interval(found.ci_low, found.ci_high, info.decimals)
            cells.append(Cell(formatting.metric(values[i], name), between, i in best))
        rows.append((formatting.directed(name), cells))
    seconds = [results.metrics.models[model].fit_seconds for model in models]
    if any(second is not None for second in seconds):
        rows.append(("Time to fit", [Cell(formatting.duration(second)) for second in seconds]))
    caption = "Means over all held-out playlists; below each its 95% interval, in bold the best"
    return Table(caption, models, rows, "Metric")


def _scenario_table(results: RunResults, metric: str) -> Table | None:
    models = [m for m in results.models if results.summary(m)]
    info = formatting.measure(metric)
    rows = []
    for scenario in results.scenarios:
        values = [results.mean(model, metric, scenario) for model in models]
        if all(value is None for value in values):
            continue
        best = _best(values, info.direction)
        heats = _heats(values, info.direction)
        cells = [
            Cell(formatting.metric(v, metric), "", i in best, heats[i])
            for i, v in enumerate(values)
        ]
        rows.append((scenario, cells))
    if not rows:
        return None
    direction = {1: ", higher is better", -1: ", lower is better", None: ""}[info.direction]
    return Table(f"{info.label} by scenario{direction}", models, rows, "Scenario")


def _heats(values: list[float | None], better: int | None) -> list[float | None]:
    """Where each value stands between the row's worst (0) and best (100)."""
    known = [v for v in values if v is not None]
    if not better or len(known) < 2 or min(known) == max(known):
        return [None] * len(values)
    scale = charts.Scale(min(known), max(known))
    places = [None if v is None else scale(v) for v in values]
    return [p if p is None or better > 0 else 100 - p for p in places]


def _chart(results: RunResults) -> charts.RowChart | None:
    """Every model's headline metric, overall and by scenario, as dots on one axis."""
    metric = results.headline
    info = formatting.measure(metric)
    lines: list[tuple[str, str | None]] = [("Overall", None)]
    lines += [(scenario, scenario) for scenario in results.scenarios]
    found = [
        (label, model, estimated)
        for label, scenario in lines
        for model in results.models
        if (estimated := results.estimate(model, metric, scenario)).mean is not None
    ]
    if not found:
        return None
    bounds = [value for _, _, e in found for value in (e.mean, e.ci_low, e.ci_high)]
    scale = charts.Scale.around(bounds, zero=True)
    # Models are set slightly apart, so that their intervals do not hide each other.
    apart = 70 / len(results.models)
    dodge = {model: round(15 + apart * (i + 0.5), 1) for i, model in enumerate(results.models)}
    rows = []
    for label, scenario in lines:
        marks = [
            charts.Mark(
                *scale.interval(estimated),
                results.models.index(model),
                f"{model}, {label}: {formatting.metric(estimated.mean, metric)}",
                y=dodge[model],
            )
            for place, model, estimated in found
            if place == label
        ]
        if marks:
            # The candidate is drawn last, over the others.
            rows.append(charts.Row(label, marks[::-1], strong=scenario is None))
    return charts.RowChart(
        rows,
        scale.ticks(),
        info.label,
        f"Dot plot of {info.label} for {formatting.listing(results.models)}: overall and in "
        f"{len(rows) - 1} scenarios. The tables below have the values.",
    )


def _splits(results: RunResults) -> Table | None:
    """The headline metric on every split, from the rows."""
    metric = results.headline
    if results.rows.empty or metric not in results.rows.columns:
        return None
    splits = sorted(results.rows[SPLIT].dropna().unique(), key=lambda s: (s != DECIDING, s))
    if len(splits) < 2:
        return None
    groups = dict(tuple(results.rows.groupby([MODEL, SPLIT], observed=True)[metric]))
    rows = []
    for model in results.models:
        cells = []
        for split in splits:
            found = estimate(groups.get((model, split), ()), span=find(metric).span)
            decimals = formatting.measure(metric).decimals
            between = formatting.interval(found.ci_low, found.ci_high, decimals)
            cells.append(Cell(formatting.metric(found.mean, metric), between))
        rows.append((model, cells))
    heads = [f"{split} (decides)" if split == results.split else str(split) for split in splits]
    label = formatting.measure(metric).label
    return Table(f"{label} on the split that decides and on the others", heads, rows, "Model")
