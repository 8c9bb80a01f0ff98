"""The smallest difference that a number of playlists can show."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Literal

import numpy as np
from statsmodels.stats.power import TTestPower


def minimum_detectable(
    differences: np.ndarray, alpha: float, power: float, one_sided: bool
) -> float | None:
    """The mean difference that a paired t-test on as many such pairs shows with that power.

    It depends on the spread of the differences, not on their mean, and so says what could have
    been seen rather than restating the p-value (Hoenig and Heisey, The American Statistician 55,
    2001). For the other tests it is an approximation. alpha is taken as it is, uncorrected.

    Args:
        differences: float [n].
        alpha: of the test.
        power: the wanted chance of showing the difference.
        one_sided: whether the test is.

    Returns:
        A difference above 0 in the metric's unit; None where differences do not vary or fewer
        than three are given.
    """
    n = len(differences)
    if n < 3 or not np.ptp(differences):
        return None
    in_deviations = _detectable_dz(n, alpha, power, one_sided)
    return None if in_deviations is None else in_deviations * float(np.std(differences, ddof=1))


@lru_cache(maxsize=4096)
def _detectable_dz(n: int, alpha: float, power: float, one_sided: bool) -> float | None:
    alternative: Literal["larger", "two-sided"] = "larger" if one_sided else "two-sided"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a search that fails, which its value shows
        found = np.ravel(
            TTestPower().solve_power(nobs=n, alpha=alpha, power=power, alternative=alternative)
        )[0]
    return float(found) if np.isfinite(found) and found > 0 else None
