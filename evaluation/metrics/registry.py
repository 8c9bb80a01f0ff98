"""All metrics by name, and the short way to compute them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Final

import numpy as np

from evaluation.metrics.base import Measure, Metric
from evaluation.metrics.batch import DEPTH, Recommendations
from evaluation.metrics.coverage import Coverage
from evaluation.metrics.diversity import ArtistDiversity
from evaluation.metrics.first_hit import MRR, Clicks
from evaluation.metrics.ndcg import NDCG
from evaluation.metrics.novelty import Novelty, Popularity
from evaluation.metrics.precision import RPrecision, RPrecisionArtist
from evaluation.metrics.recall import HitRate, Recall

#: Everything that is measured, in the order of tables. Coverage is one value for all playlists.
TABLE: Final[dict[str, Measure]] = {
    measure.name: measure
    for measure in (
        NDCG(),
        RPrecision(),
        RPrecisionArtist(),
        Clicks(),
        Recall.at(10),
        Recall.at(100, brief=True),
        Recall.at(500, brief=True),
        HitRate.at(10),
        MRR(),
        Coverage(),
        Popularity(),
        Novelty(),
        ArtistDiversity(),
    )
}
#: What exists at every depth from 1 to `DEPTH`, under the name FAMILY@K.
AT_DEPTH: Final = {"recall": Recall.at, "hit_rate": HitRate.at}
#: What has a value for every playlist.
METRICS: Final[dict[str, Metric]] = {
    name: measure for name, measure in TABLE.items() if isinstance(measure, Metric)
}
#: Accuracy that takes no more than recommended and withheld tracks.
FROM_LISTS: Final = tuple(
    name for name, metric in METRICS.items() if metric.is_accuracy and not metric.needs
)


def describe(name: str) -> Measure:
    """What is measured under that name: a row of `TABLE`, or a metric as `find` knows it.

    Raises:
        ValueError: nothing is; see `find`.
    """
    return TABLE[name] if name in TABLE else find(name)


def is_known(name: str) -> bool:
    """Whether something is measured under that name."""
    try:
        describe(name)
    except ValueError:
        return False
    return True


def find(name: str) -> Metric:
    """The metric of that name; those of `AT_DEPTH` exist for every K.

    Raises:
        ValueError: there is none; the message names those there are.
    """
    if name in METRICS:
        return METRICS[name]
    family, _, depth = name.partition("@")
    if family in AT_DEPTH and depth.isascii() and depth.isdigit() and 1 <= int(depth) <= DEPTH:
        return AT_DEPTH[family](int(depth))
    raise ValueError(
        f"no metric is named {name!r}; there are {', '.join(METRICS)}, and "
        f"{' and '.join(f'{each}@K' for each in AT_DEPTH)} for K from 1 to {DEPTH}"
    )


def check_threshold(name: str, value: float) -> None:
    """Checks a value that means of a metric must reach, or keep where less is better.

    Raises:
        ValueError: no mean can be on one side of it, so that it asks nothing or the impossible.
    """
    metric = find(name)
    largest = sys.float_info.max if metric.span is None else metric.span
    if not 0 <= value <= largest:
        raise ValueError(f"{name} lies between 0 and {largest:g}, and {value} does not")
    if value == (0 if metric.higher_is_better else largest):
        accepted = (
            f"above 0, up to {largest:g}"
            if metric.higher_is_better
            else (f"from 0 to below {largest:g}")
        )
        raise ValueError(
            f"{name} {value:g} is what the worst model has, so it asks nothing; accepted is "
            f"{accepted}, and leaving it out asks nothing in words"
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
