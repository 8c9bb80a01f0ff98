"""Bootstrap interval of a mean difference."""

from __future__ import annotations

import warnings
from typing import Final, NamedTuple

import numpy as np
from scipy import stats

# BCa recomputes the mean without each playlist: quadratic in their number, and no better than
# the percentile interval once there are this many.
_MOST_FOR_BCA: Final = 10_000
# Draws held at a time, and in all: memory and time stay bounded however many playlists there are.
_BATCH_DRAWS: Final = 2_000_000
_MOST_DRAWS: Final = 100_000_000
_FEWEST_RESAMPLES: Final = 999


class Interval(NamedTuple):
    """An interval of the mean, and how it was made.

    Attributes:
        low: None where there is none.
        high: likewise.
        method: in words.
    """

    low: float | None
    high: float | None
    method: str


def mean_interval(
    values: np.ndarray, confidence: float = 0.95, resamples: int = 9999, seed: int = 0
) -> Interval:
    """A two-sided interval of the mean: bias-corrected and accelerated bootstrap (BCa).

    Source: Efron, Better bootstrap confidence intervals (JASA 82, 1987), by SciPy. The percentile
    interval takes its place above 10,000 values, with fewer resamples where there are very many,
    and where BCa has no answer.

    Args:
        values: float [n], finite.
        confidence: between 0 and 1.
        resamples: 0 for no interval.
        seed: of the resampling.
    """
    n = len(values)
    if resamples == 0:
        return Interval(None, None, "not asked for")
    if n < 2:
        return Interval(None, None, "none: fewer than two playlists")
    if np.ptp(values) <= 1e-12 * np.abs(values).max():
        value = float(values[0])
        return Interval(value, value, "none needed: all differences are equal")
    resamples = max(min(resamples, _MOST_DRAWS // n), min(resamples, _FEWEST_RESAMPLES))
    if n > _MOST_FOR_BCA:
        low, high = _bootstrap(values, confidence, resamples, seed, "percentile")
        return Interval(low, high, f"percentile bootstrap: {n} playlists are too many for BCa")
    low, high = _bootstrap(values, confidence, resamples, seed, "BCa")
    if np.isfinite(low) and np.isfinite(high):
        return Interval(low, high, "BCa bootstrap")
    low, high = _bootstrap(values, confidence, resamples, seed, "percentile")
    return Interval(low, high, "percentile bootstrap: BCa is degenerate for these differences")


def _bootstrap(
    values: np.ndarray, confidence: float, resamples: int, seed: int, method: str
) -> tuple[float, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of degenerate data, which the caller looks out for
        interval = stats.bootstrap(
            (values,),
            np.mean,
            confidence_level=confidence,
            n_resamples=resamples,
            batch=max(1, _BATCH_DRAWS // len(values)),
            method=method,
            random_state=np.random.default_rng(seed),
        ).confidence_interval
    return float(interval.low), float(interval.high)
