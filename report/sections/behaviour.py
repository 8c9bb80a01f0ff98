"""How the models behave: with few or many seeds, beyond accuracy, and where little can be done."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from evaluation.metrics import DEPTH
from evaluation.metrics.registry import TABLE, find
from evaluation.summary import estimate
from report import charts, formatting
from report.loading import RunResults
from schema.documents import Estimate
from schema.rows import MODEL, NUM_HOLDOUTS, NUM_SEEDS, UNREACHABLE

SEED_BUCKETS = ((0, 0), (1, 1), (2, 5), (6, 10), (11, 25), (26, 50), (51, 100), (101, None))
DEPTH_METRIC = f"recall@{DEPTH}"


@dataclasses.dataclass(frozen=True)
class Bar:
    """A value with a bar that is drawn beside it."""

    text: str
    width: float | None


@dataclasses.dataclass(frozen=True)
class Bars:
    """Models by measures, each measure with bars of its own scale."""

    caption: str
    head: list[str]
    rows: list[tuple[str, int, list[Bar]]]
    sizes: list[str] | None = None


def build(results: RunResults) -> dict[str, Any]:
    """What templates/behaviour.html shows."""
    rows = results.deciding
    metric = results.headline if results.headline in rows.columns else ""
    return {
        "label": formatting.measure(results.headline).label,
        "seeds": _seeds(results, rows, metric) if metric else None,
        "beyond": _beyond(results, rows),
        "cold": _groups(
            results, metric, _cold(rows), "of playlists with a title only, and with tracks"
        ),
        "reach": _reach(results, rows),
        "by_reach": _groups(
            results,
            metric,
            _reach_groups(rows),
            "by the share of a playlist's withheld tracks that is out of reach",
        ),
    }


def _bucket_label(low: int, high: int | None) -> str:
    if high is None:
        return f"{low}+"
    return str(low) if low == high else f"{low}–{high}"


def _seeds(results: RunResults, rows: pd.DataFrame, metric: str) -> charts.LineChart | None:
    if NUM_SEEDS not in rows.columns:
        return None
    found: dict[str, list[tuple[int, int, Estimate]]] = {model: [] for model in results.models}
    used = []
    span = find(metric).span
    for low, high in SEED_BUCKETS:
        inside = rows[rows[NUM_SEEDS].between(low, np.inf if high is None else high)]
        if inside[metric].notna().any():
            used.append(_bucket_label(low, high))
            for model, values in inside.groupby(MODEL, observed=True)[metric]:
                if n := int(values.notna().sum()):
                    found[str(model)].append(
                        (len(used) - 1, n, estimate(values.to_numpy(), span=span))
                    )
    if len(used) < 2:
        return None
    guesses = [guess for points in found.values() for _, _, guess in points]
    bounds = [value for g in guesses for value in (g.mean, g.ci_low, g.ci_high)]
    scale = charts.Scale.around(bounds, zero=True)
    across = charts.Scale(-0.4, len(used) - 0.6)
    # Models are set slightly apart, so that their intervals do not hide each other.
    shift = [0.09 * (i - (len(results.models) - 1) / 2) for i in range(len(results.models))]
    lines = []
    for i, model in enumerate(results.models):
        points = [
            charts.Point(
                across(place + shift[i]),
                *scale.interval(guess),
                f"{model}, {used[place]} seeds: {formatting.metric(guess.mean, metric)} "
                f"({formatting.playlists(n)})",
            )
            for place, n, guess in found[model]
        ]
        if points:
            lines.append(charts.Line(model, i, points))
    label = formatting.measure(metric).label
    return charts.LineChart(
        lines[::-1],
        [charts.Tick(across(i), name) for i, name in enumerate(used)],
        scale.ticks(),
        "Seed tracks",
        label,
        f"Line chart of mean {label} against the number of seed tracks "
        f"for {formatting.listing([line.name for line in lines])}.",
    )


def _beyond(results: RunResults, rows: pd.DataFrame) -> Bars | None:
    values: dict[str, list[float | None]] = {}
    for name in [name for name, measure in TABLE.items() if not measure.is_accuracy]:
        column = [results.mean(model, name) for model in results.models]
        if name in rows.columns:
            means = rows.groupby(MODEL, observed=True)[name].mean()
            column = [
                _finite(means.get(model)) if value is None else value
                for model, value in zip(results.models, column, strict=True)
            ]
        if any(value is not None for value in column):
            values[name] = column
    if not values:
        return None
    widths = {name: charts.share_bars(column) for name, column in values.items()}
    table = [
        (model, i, [Bar(formatting.metric(values[n][i], n), widths[n][i]) for n in values])
        for i, model in enumerate(results.models)
    ]
    heads = [formatting.measure(name).label for name in values]
    return Bars("What the models recommend, whether right or not", heads, table)


def _finite(value: object) -> float | None:
    return float(value) if isinstance(value, float) and np.isfinite(value) else None


def _cold(rows: pd.DataFrame) -> pd.Series | None:
    if NUM_SEEDS not in rows.columns:
        return None
    return rows[NUM_SEEDS].map(
        lambda n: None if np.isnan(n) else "Title only" if n == 0 else "With seed tracks"
    )


def _reach_groups(rows: pd.DataFrame) -> pd.Series | None:
    if not {UNREACHABLE, NUM_HOLDOUTS} <= set(rows.columns):
        return None
    share = rows[UNREACHABLE] / rows[NUM_HOLDOUTS].where(rows[NUM_HOLDOUTS] > 0)
    labels = ["None out of reach", "Up to a quarter", "Up to a half", "More than half"]
    return pd.cut(share, [-np.inf, 0, 0.25, 0.5, np.inf], labels=labels).astype(object)


def _groups(results: RunResults, metric: str, group: pd.Series | None, which: str) -> Bars | None:
    """The headline metric of every model in groups of playlists."""
    rows = results.deciding
    if group is None or not metric:
        return None
    present = list(dict.fromkeys(group.dropna()))
    if len(present) < 2:
        return None
    present.sort(key=_group_order)
    table = rows.assign(group=group).groupby([MODEL, "group"], observed=True)[metric]
    means, sizes = table.mean(), table.count()
    top = [[_finite(means.get((model, name))) for name in present] for model in results.models]
    widths = charts.share_bars([value for row in top for value in row])
    lines = []
    for i, model in enumerate(results.models):
        cells = [
            Bar(formatting.metric(value, metric), widths[i * len(present) + j])
            for j, value in enumerate(top[i])
        ]
        lines.append((model, i, cells))
    first = results.models[0]
    counts = [formatting.playlists(sizes.get((first, name), 0)) for name in present]
    return Bars(f"{formatting.measure(metric).label} {which}", present, lines, counts)


def _group_order(name: str) -> int:
    order = (
        *("Title only", "With seed tracks"),
        *("None out of reach", "Up to a quarter", "Up to a half", "More than half"),
    )
    return order.index(name)


@dataclasses.dataclass(frozen=True)
class Reach:
    """How many of the withheld tracks a model that knows only train can find at all.

    Attributes:
        share: unreachable withheld tracks by all of them.
        ceiling: mean recall@500 of a model that finds all it can.
        rows: per model: name, place, recall@500, and the same of what could be found.
    """

    share: str
    ceiling: str
    withheld: str
    unreachable: str
    rows: list[tuple[str, int, str, str]]


def _reach(results: RunResults, rows: pd.DataFrame) -> Reach | None:
    if not {UNREACHABLE, NUM_HOLDOUTS} <= set(rows.columns):
        return None
    one = rows[(rows[MODEL] == results.candidate) & (rows[NUM_HOLDOUTS] > 0)]
    withheld, missing = one[NUM_HOLDOUTS].sum(), one[UNREACHABLE].sum()
    if not withheld or not one[UNREACHABLE].notna().any():
        return None
    reachable = one[NUM_HOLDOUTS] - one[UNREACHABLE]
    ceiling = (np.minimum(reachable, DEPTH) / one[NUM_HOLDOUTS]).mean()
    table = []
    if DEPTH_METRIC in rows.columns:
        # Tracks that train never saw are never recommended: all hits are among the reachable.
        found = rows[rows[NUM_HOLDOUTS] > rows[UNREACHABLE]]
        scaled = found[DEPTH_METRIC] * found[NUM_HOLDOUTS]
        scaled = scaled / (found[NUM_HOLDOUTS] - found[UNREACHABLE])
        of_all = rows.groupby(MODEL, observed=True)[DEPTH_METRIC].mean()
        of_reachable = scaled.groupby(found[MODEL], observed=True).mean()
        for i, model in enumerate(results.models):
            plain, fair = _finite(of_all.get(model)), _finite(of_reachable.get(model))
            table.append((model, i, formatting.fixed(plain), formatting.fixed(fair)))
    return Reach(
        formatting.percent(missing / withheld),
        formatting.fixed(_finite(ceiling), 3),
        formatting.count(withheld),
        formatting.count(missing),
        table,
    )
