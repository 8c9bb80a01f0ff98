"""What a metric is."""

from __future__ import annotations

import abc
import dataclasses
from typing import ClassVar

import numpy as np

from evaluation.metrics.batch import Recommendations


@dataclasses.dataclass(frozen=True)
class Measure:
    """What is measured of recommendations: all that tables, tests and the report need to know.

    Attributes:
        name: its one spelling, in columns, files and configuration.
        label: its name for people.
        meaning: what it measures, in one sentence.
        short: the label where there is little room, the whole label by default.
        brief: whether it is shown where there is room for a few: on the console and as a figure
            of the verdict.
        tested: whether a candidate is tested against every other model in it.
        higher_is_better: the direction of improvement.
        is_accuracy: whether it measures agreement with withheld tracks. A property of the lists
            is watched: no table marks a best value of it.
        decimals: digits after the point.
        source: where the formula is from.
    """

    name: str
    label: str
    meaning: str
    short: str = ""
    brief: bool = True
    tested: bool = True
    higher_is_better: ClassVar[bool] = True
    is_accuracy: ClassVar[bool] = True
    decimals: ClassVar[int] = 4
    source: ClassVar[str]

    @property
    def direction(self) -> int | None:
        """1 where higher is better, -1 where lower is, None for what is only watched."""
        if not self.is_accuracy:
            return None
        return 1 if self.higher_is_better else -1


@dataclasses.dataclass(frozen=True)
class Metric(Measure, abc.ABC):
    """A measure with a value for every playlist.

    A metric is added by subclassing this and naming an instance in `registry.py`.

    Attributes:
        binary: whether a playlist's value is 0 or 1, which decides the test for a difference.
        span: the largest value, where the smallest is 0, and so the largest difference of two;
            None where nothing bounds it.
        needs: what must be known beside recommended and withheld tracks: "artists", "popularity".
    """

    binary: ClassVar[bool] = False
    span: ClassVar[float | None] = None
    needs: ClassVar[frozenset[str]] = frozenset()

    @abc.abstractmethod
    def per_playlist(self, batch: Recommendations) -> np.ndarray:
        """The metric of each playlist.

        Args:
            batch: P playlists.

        Returns:
            float64 [P], NaN where it cannot be computed.
        """

    def ceiling(self, total: np.ndarray, reachable: np.ndarray) -> np.ndarray | None:
        """The best value of a list that holds only tracks that train has seen.

        Args:
            total: int [P], withheld tracks.
            reachable: int [P], how many of them train has seen.

        Returns:
            float64 [P], None where the metric has no such limit.
        """
        return None

    def without_unreachable(
        self, values: np.ndarray, total: np.ndarray, reachable: np.ndarray
    ) -> np.ndarray:
        """The values as if tracks that train never saw had not been withheld.

        Args:
            values: float64 [P], as `per_playlist` has them.
            total: see `ceiling`.
            reachable: as in `ceiling`, 1 or more.

        Returns:
            float64 [P].
        """
        return values


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
