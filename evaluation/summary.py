"""From per-playlist rows to the `models` of metrics.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from evaluation import rows as columns
from evaluation.scenarios import BY_NAME

Estimate = dict[str, float | None]


def estimates(rows: pd.DataFrame, confidence: float = 0.95) -> dict[str, Estimate]:
    """Mean of every metric with Student's t interval, values that are NaN left out.

    Args:
        rows: of one model.
        confidence: between 0 and 1.

    Returns:
        {metric: {"mean", "ci_low", "ci_high"}}, None where a number cannot be computed: the mean
        of no value, the interval of a single one.
    """
    found = {}
    for name in columns.metric_columns(rows):
        values = rows[name].to_numpy(dtype=np.float64)
        values = values[np.isfinite(values)]
        found[name] = _estimate(values, confidence)
    return found


def _estimate(values: np.ndarray, confidence: float) -> Estimate:
    n = len(values)
    if not n:
        return {"mean": None, "ci_low": None, "ci_high": None}
    mean = float(values.mean())
    if n == 1:
        return {"mean": mean, "ci_low": None, "ci_high": None}
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return {"mean": mean, "ci_low": mean - half, "ci_high": mean + half}


def summarise_model(
    rows: pd.DataFrame,
    *,
    catalogue_level: Mapping[str, float | None] | None = None,
    fit_seconds: float | None = None,
    confidence: float = 0.95,
) -> dict[str, Any]:
    """One model's entry in metrics.json.

    Args:
        rows: of one model and one split.
        catalogue_level: metrics with one value for all playlists, such as `coverage`.
        fit_seconds: how long it trained.
        confidence: of the intervals.

    Returns:
        "overall", "scenarios" and "fit_seconds" as C2 has them, and beside them "playlists";
        "cold" (title only) and "warm"; "reachable": the metrics without the withheld tracks that
        train never saw, "ceiling": the best possible with them, and "unreachable_share", their
        share of all withheld tracks.
    """
    overall = estimates(rows, confidence)
    for name, value in (catalogue_level or {}).items():
        overall[name] = {"mean": value, "ci_low": None, "ci_high": None}
    is_cold = columns.cold(rows)
    found = set(rows[columns.SCENARIO].astype(str))
    ordered = [name for name in BY_NAME if name in found] + sorted(found - set(BY_NAME))
    summary: dict[str, Any] = {
        "overall": overall,
        "scenarios": {
            name: estimates(rows[rows[columns.SCENARIO] == name], confidence) for name in ordered
        },
        "fit_seconds": fit_seconds,
        "playlists": len(rows),
        "cold": estimates(rows[is_cold], confidence),
        "warm": estimates(rows[~is_cold], confidence),
    }
    if columns.UNREACHABLE in rows and columns.NUM_HOLDOUTS in rows:
        withheld = int(rows[columns.NUM_HOLDOUTS].sum())
        limits = columns.ceiling(rows)
        summary["reachable"] = estimates(columns.reachable_only(rows), confidence)
        summary["ceiling"] = {
            name: float(values.mean()) if values.notna().any() else None
            for name, values in limits.items()
        }
        summary["unreachable_share"] = (
            int(rows[columns.UNREACHABLE].sum()) / withheld if withheld else None
        )
    return summary


def summarise(
    rows: pd.DataFrame,
    *,
    split: str | None = None,
    catalogue_level: Mapping[str, Mapping[str, float | None]] | None = None,
    fit_seconds: Mapping[str, float | None] | None = None,
    confidence: float = 0.95,
) -> dict[str, dict[str, Any]]:
    """The `models` of metrics.json, in the order in which the rows name them.

    Args:
        rows: as in per_playlist.parquet.
        split: whose playlists count, all by default.
        catalogue_level: by model, see `summarise_model`.
        fit_seconds: by model.
        confidence: of the intervals.

    Raises:
        ValueError: no row is of that split.
    """
    chosen = columns.of_split(rows, split)
    return {
        str(model): summarise_model(
            group,
            catalogue_level=(catalogue_level or {}).get(str(model)),
            fit_seconds=(fit_seconds or {}).get(str(model)),
            confidence=confidence,
        )
        for model, group in chosen.groupby(columns.MODEL, sort=False)
    }
