"""From per-playlist rows to the `models` of metrics.json."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from evaluation.metrics.registry import find
from evaluation.rows import ceiling, cold, metric_columns, of_split, reachable_only
from evaluation.scenarios import BY_NAME
from schema import rows as columns
from schema.documents import Estimate, ModelSummary


def estimates(rows: pd.DataFrame, confidence: float = 0.95) -> dict[str, Estimate]:
    """Mean of every metric with Student's t interval, values that are NaN left out.

    Args:
        rows: of one model.
        confidence: between 0 and 1.

    Returns:
        By metric, as `estimate` has it.
    """
    return {
        name: estimate(rows[name].to_numpy(dtype=np.float64), confidence, span=find(name).span)
        for name in metric_columns(rows)
    }


def estimate(
    values: npt.ArrayLike, confidence: float = 0.95, *, span: float | None = None
) -> Estimate:
    """The mean with Student's t interval.

    Args:
        values: float [n]; what is not finite is left out.
        confidence: between 0 and 1.
        span: the largest value that there can be, of values from 0 on; the interval then ends
            where the values end. None where nothing bounds them.

    Returns:
        None where a number cannot be computed: the mean of no value, the interval of one.
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    n = len(known)
    if not n:
        return Estimate()
    mean = float(known.mean())
    if n == 1:
        return Estimate(mean=mean)
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1) * known.std(ddof=1) / np.sqrt(n))
    low, high = mean - half, mean + half
    if span is not None:
        low, high = max(0.0, low), min(span, high)
    return Estimate(mean=mean, ci_low=low, ci_high=high)


def summarise_model(
    rows: pd.DataFrame,
    *,
    catalogue_level: Mapping[str, float | None] | None = None,
    fit_seconds: float | None = None,
    confidence: float = 0.95,
) -> ModelSummary:
    """One model's entry in metrics.json.

    Args:
        rows: of one model and one split.
        catalogue_level: metrics with one value for all playlists, such as `coverage`.
        fit_seconds: how long it trained.
        confidence: of the intervals.
    """
    overall = estimates(rows, confidence)
    for name, value in (catalogue_level or {}).items():
        overall[name] = Estimate(mean=value)
    is_cold = cold(rows)
    found = set(rows[columns.SCENARIO].astype(str))
    ordered = [name for name in BY_NAME if name in found] + sorted(found - set(BY_NAME))
    summary = ModelSummary(
        overall=overall,
        scenarios={
            name: estimates(rows[rows[columns.SCENARIO] == name], confidence) for name in ordered
        },
        fit_seconds=fit_seconds,
        playlists=len(rows),
        cold=estimates(rows[is_cold], confidence),
        warm=estimates(rows[~is_cold], confidence),
    )
    if not {columns.UNREACHABLE, columns.NUM_HOLDOUTS} <= set(rows.columns):
        return summary
    withheld = int(rows[columns.NUM_HOLDOUTS].sum())
    unreachable = int(rows[columns.UNREACHABLE].sum())
    return summary.model_copy(
        update={
            "reachable": estimates(reachable_only(rows), confidence),
            "ceiling": {
                name: float(values.mean()) if values.notna().any() else None
                for name, values in ceiling(rows).items()
            },
            "unreachable_share": unreachable / withheld if withheld else None,
        }
    )


def summarise(
    rows: pd.DataFrame,
    *,
    split: str | None = None,
    catalogue_level: Mapping[str, Mapping[str, float | None]] | None = None,
    fit_seconds: Mapping[str, float | None] | None = None,
    confidence: float = 0.95,
) -> dict[str, ModelSummary]:
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
    chosen = of_split(rows, split)
    return {
        str(model): summarise_model(
            group,
            catalogue_level=(catalogue_level or {}).get(str(model)),
            fit_seconds=(fit_seconds or {}).get(str(model)),
            confidence=confidence,
        )
        for model, group in chosen.groupby(columns.MODEL, sort=False)
    }
