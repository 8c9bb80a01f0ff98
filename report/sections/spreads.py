"""How the differences between the candidate and a baseline are distributed over playlists."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from report import charts, formatting
from report.loading import RunResults

BINS = 41


@dataclasses.dataclass(frozen=True)
class Spread:
    """How the differences to one baseline are distributed, with shares of the playlists."""

    baseline: str
    better: float
    level: float
    worse: float
    n: int
    chart: charts.ColumnChart


def spreads(results: RunResults, wide: pd.DataFrame) -> list[Spread]:
    """One histogram per baseline; `wide` is `rows.paired`."""
    if results.candidate not in wide.columns:
        return []
    better = formatting.measure(results.headline).direction or 1
    found = []
    for baseline in results.rivals():
        if baseline in wide.columns:
            values = (wide[results.candidate] - wide[baseline]).dropna().to_numpy().round(12)
            if values.size:
                found.append(_spread(results, baseline, values, better))
    return found


def _spread(results: RunResults, baseline: str, values: np.ndarray, better: int) -> Spread:
    # A few far playlists must not squeeze the rest: they are counted in the outermost bars.
    reach = float(np.quantile(np.abs(values), 0.99)) or float(np.abs(values).max()) or 1.0
    edges = np.linspace(-reach, reach, BINS)
    moved = np.clip(values[values != 0], -reach, reach)
    counts, _ = np.histogram(moved, edges)
    scale = charts.Scale(-reach, reach)
    tips = [
        f"{formatting.signed(low, 3)} to {formatting.signed(high, 3)}: {formatting.playlists(n)}"
        for low, high, n in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    bars, heights = charts.columns(edges.tolist(), counts.tolist(), scale, tips=tips)
    if better < 0:
        flip = {"up": "down", "down": "up"}
        bars = [dataclasses.replace(bar, kind=flip.get(bar.kind, "")) for bar in bars]
    up = float(np.mean(values * better > 0))
    down = float(np.mean(values * better < 0))
    level = float(np.mean(values == 0))
    label = formatting.measure(results.headline).label
    alt = (
        f"Histogram of {results.candidate} minus {baseline} by playlist: better on "
        f"{formatting.percent(up)}, level on {formatting.percent(level)}, worse on "
        f"{formatting.percent(down)}."
    )
    chart = charts.ColumnChart(
        bars,
        scale.ticks(4, sign=True),
        heights.ticks(3),
        f"Difference in {label}",
        "Playlists",
        alt,
        f"against {baseline}",
        scale(0.0),
    )
    return Spread(baseline, up, level, down, int(values.size), chart)
