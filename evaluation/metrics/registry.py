"""All metrics by name, and the short way to compute them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from evaluation.metrics.base import Metric
from evaluation.metrics.batch import Recommendations
from evaluation.metrics.diversity import ArtistDiversity
from evaluation.metrics.first_hit import MRR, Clicks
from evaluation.metrics.ndcg import NDCG
from evaluation.metrics.novelty import Novelty, Popularity
from evaluation.metrics.precision import RPrecision, RPrecisionArtist
from evaluation.metrics.recall import HitRate, Recall

#: Every metric that has a value per playlist, in the order of tables. `coverage` is one value for
#: all playlists and has a class of its own.
METRICS: Final[dict[str, Metric]] = {
    metric.name: metric
    for metric in (
        RPrecision(),
        RPrecisionArtist(),
        NDCG(),
        Clicks(),
        Recall.at(10),
        Recall.at(100),
        Recall.at(500),
        HitRate.at(10),
        MRR(),
        Popularity(),
        Novelty(),
        ArtistDiversity(),
    )
}


def find(name: str) -> Metric:
    """The metric of that name; `recall@K` and `hit_rate@K` exist for every K from 1 to 500.

    Raises:
        ValueError: there is none; the message names those there are.
    """
    if name in METRICS:
        return METRICS[name]
    family, _, depth = name.partition("@")
    makers = {"recall": Recall.at, "hit_rate": HitRate.at}
    if family in makers and depth.isascii() and depth.isdigit() and 1 <= int(depth) <= 500:
        return makers[family](int(depth))
    raise ValueError(
        f"no metric is named {name!r}; there are {', '.join(METRICS)}, and recall@K and "
        "hit_rate@K for K from 1 to 500"
    )


def evaluate(batch: Recommendations, names: Iterable[str] | None = None) -> dict[str, np.ndarray]:
    """Several metrics of a batch.

    Args:
        batch: P playlists.
        names: which metrics, all of `METRICS` by default.

    Returns:
        float64 [P] by name, NaN where a value cannot be computed.
    """
    return {name: find(name).per_playlist(batch) for name in (METRICS if names is None else names)}
