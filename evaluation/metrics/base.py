"""What a metric is."""

from __future__ import annotations

import abc
import dataclasses
from typing import ClassVar

import numpy as np

from evaluation.metrics.batch import Recommendations


@dataclasses.dataclass(frozen=True)
class Metric(abc.ABC):
    """A value for every playlist.

    A metric is added by subclassing this and naming an instance in `registry.py`.

    Attributes:
        name: its one spelling, in columns, files and configuration.
        higher_is_better: the direction of improvement.
        binary: whether a playlist's value is 0 or 1, which decides the test for a difference.
        is_accuracy: whether it measures agreement with withheld tracks, rather than a property of
            the lists that is worth watching.
        formula: in words, for tables and tool-tips.
        source: where the formula is from.
    """

    name: str
    higher_is_better: ClassVar[bool] = True
    binary: ClassVar[bool] = False
    is_accuracy: ClassVar[bool] = True
    formula: ClassVar[str]
    source: ClassVar[str]

    @abc.abstractmethod
    def per_playlist(self, batch: Recommendations) -> np.ndarray:
        """The metric of each playlist.

        Args:
            batch: P playlists.

        Returns:
            float64 [P], NaN where it cannot be computed.
        """


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """float64 quotients, NaN where the denominator is 0."""
    numerator = np.asarray(numerator, dtype=np.float64)
    return np.divide(
        numerator, denominator, out=np.full(numerator.shape, np.nan), where=denominator != 0
    )


def mean(values: np.ndarray) -> float | None:
    """The mean over playlists of what could be computed, None where nothing could."""
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else None
