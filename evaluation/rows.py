"""What can be read from per-playlist rows, whose columns are those of `schema.rows`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.metrics.registry import METRICS, find, is_known
from evaluation.scenarios import TITLE_ONLY
from schema.rows import NUM_HOLDOUTS, NUM_SEEDS, SCENARIO, SPLIT, UNREACHABLE


def metric_columns(rows: pd.DataFrame) -> list[str]:
    """The metrics that the rows hold, those of the registry first and in its order."""
    present = [name for name in METRICS if name in rows]
    return present + [str(name) for name in rows if name not in METRICS and is_known(str(name))]


def is_accuracy(name: str) -> bool:
    """Whether a column measures agreement with withheld tracks."""
    return find(name).is_accuracy


def of_split(rows: pd.DataFrame, split: str | None) -> pd.DataFrame:
    """The rows of one split, all where none is named or the rows do not say.

    Raises:
        ValueError: no row is of that split.
    """
    if split is None or SPLIT not in rows:
        return rows
    chosen = rows[rows[SPLIT] == split]
    if chosen.empty:
        known = ", ".join(sorted(map(str, rows[SPLIT].unique()))) or "none"
        raise ValueError(f"there are no rows of split {split!r}; there are those of: {known}")
    return chosen


def cold(rows: pd.DataFrame) -> pd.Series:
    """bool, whether a playlist had nothing but its title."""
    if NUM_SEEDS in rows:
        return rows[NUM_SEEDS] == 0
    return rows[SCENARIO] == TITLE_ONLY.name


def ceiling(rows: pd.DataFrame) -> pd.DataFrame:
    """The best that any model of train's tracks could reach, by row and metric.

    Withheld tracks that train never saw are beyond every model. The best list starts with all the
    others.

    Returns:
        float columns, named after the metrics of accuracy that the rows hold.
    """
    total, reachable = _withheld(rows)
    limits = {name: find(name).ceiling(total, reachable) for name in metric_columns(rows)}
    known = {name: limit for name, limit in limits.items() if limit is not None}
    return pd.DataFrame(known, index=rows.index)


def reachable_only(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows as if tracks that train never saw had not been withheld.

    Recall, R-precision and NDCG lose them from their denominators (R-precision's cut stays where
    it was); playlists with no other withheld track are left out.
    """
    kept = rows[rows[NUM_HOLDOUTS] > rows[UNREACHABLE]].copy()
    total, reachable = _withheld(kept)
    for name in metric_columns(kept):
        values = kept[name].to_numpy(dtype=np.float64)
        kept[name] = find(name).without_unreachable(values, total, reachable)
    return kept


def _withheld(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """How many tracks were withheld, and how many of them train has seen."""
    total = rows[NUM_HOLDOUTS].to_numpy(dtype=np.int64)
    return total, total - rows[UNREACHABLE].to_numpy(dtype=np.int64)
