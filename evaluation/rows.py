"""What can be read from per-playlist rows, whose columns are those of `schema.rows`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.metrics.base import ratio
from evaluation.metrics.first_hit import Clicks
from evaluation.metrics.ndcg import ideal_dcg
from evaluation.metrics.recall import HitRate, Recall
from evaluation.metrics.registry import METRICS, find
from evaluation.scenarios import TITLE_ONLY
from schema.rows import NUM_HOLDOUTS, NUM_SEEDS, SCENARIO, SPLIT, UNREACHABLE


def metric_columns(rows: pd.DataFrame) -> list[str]:
    """The metrics that the rows hold, those of the registry first and in its order."""
    present = [name for name in METRICS if name in rows]
    return present + [str(name) for name in rows if name not in METRICS and _is_variant(str(name))]


def _is_variant(name: str) -> bool:
    """Whether it is `recall@K` or `hit_rate@K` at a depth that the registry does not list."""
    try:
        find(name)
    except ValueError:
        return False
    return True


def is_accuracy(name: str) -> bool:
    """Whether a column measures agreement with withheld tracks."""
    return find(name).is_accuracy


def of_split(rows: pd.DataFrame, split: str | None) -> pd.DataFrame:
    """The rows of one split, all where none is named or the rows do not tell.

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
    best = {
        "ndcg": ratio(ideal_dcg(reachable), ideal_dcg(total)),
        "r_precision": ratio(reachable, total),
        "clicks": np.where(reachable > 0, 0.0, Clicks().none),
        "mrr": np.where(reachable > 0, 1.0, 0.0),
    }
    for name in metric_columns(rows):
        metric = find(name)
        if isinstance(metric, Recall):
            best[name] = ratio(np.minimum(reachable, metric.depth), total)
        elif isinstance(metric, HitRate):
            best[name] = np.where(reachable > 0, 1.0, 0.0)
    present = [name for name in metric_columns(rows) if name in best]
    return pd.DataFrame(best, index=rows.index)[present]


def reachable_only(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows as if tracks that train never saw had not been withheld.

    Recall, R-precision and NDCG lose them from their denominators (R-precision's cut stays where
    it was); playlists with no other withheld track are left out.
    """
    kept = rows[rows[NUM_HOLDOUTS] > rows[UNREACHABLE]].copy()
    total, reachable = _withheld(kept)
    for name in metric_columns(kept):
        if name == "ndcg":
            kept[name] *= ratio(ideal_dcg(total), ideal_dcg(reachable))
        elif name == "r_precision" or isinstance(find(name), Recall):
            kept[name] *= ratio(total, reachable)
    return kept


def _withheld(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """How many tracks were withheld, and how many of them train has seen."""
    total = rows[NUM_HOLDOUTS].to_numpy(dtype=np.int64)
    return total, total - rows[UNREACHABLE].to_numpy(dtype=np.int64)
