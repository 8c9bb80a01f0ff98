"""The little arithmetic that the report does itself, where no test of the run has the figure."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import scipy.stats


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A mean with its 95% t interval; the bounds are None below two values."""

    mean: float
    low: float | None
    high: float | None
    n: int


def estimate(values: npt.ArrayLike) -> Estimate | None:
    """The mean of the values that are not NaN, or None where there is none."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if not known.size:
        return None
    mean = float(known.mean())
    if known.size < 2:
        return Estimate(mean, None, None, int(known.size))
    half = float(scipy.stats.t.ppf(0.975, known.size - 1) * scipy.stats.sem(known))
    return Estimate(mean, mean - half, mean + half, int(known.size))
