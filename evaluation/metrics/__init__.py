"""What recommendations are worth, playlist by playlist: one small unit a metric."""

from evaluation.metrics.base import Measure, Metric, mean
from evaluation.metrics.batch import DEPTH, Recommendations

__all__ = [
    "DEPTH",
    "Measure",
    "Metric",
    "Recommendations",
    "coverage",
    "exposure",
    "mean",
    "ndcg",
    "registry",
]
