"""The smallest difference that a number of playlists can show."""

from __future__ import annotations

import numpy as np
from scipy import special

from evaluation.significance.studentised import least_mean


def minimum_detectable(
    differences: np.ndarray, alpha: float, power: float, *, one_sided: bool, hits: bool = False
) -> float | None:
    """The mean difference that as many such pairs show with that power, by the test that decides.

    It depends on the spread of the differences, not on their mean, and so says what could have
    been seen rather than restating the p-value (Hoenig and Heisey, The American Statistician 55,
    2001). For normal differences it is exact but for the resampling: then the studentised bootstrap
    claims what `least_mean` asks for, and mean by deviation follows the noncentral t
    distribution. Under skew against the claim the bootstrap asks for more. Of hits McNemar's test
    decides: Student's t and the continuity correction, a pair, stand for it.
    alpha is taken as it is, uncorrected.

    Args:
        differences: float [n].
        alpha: of the test.
        power: the wanted chance of showing the difference.
        one_sided: whether the test is.
        hits: whether the values are hit or no hit.

    Returns:
        A difference above 0 in the metric's unit; None where differences do not vary or fewer
        than three are given.
    """
    n = len(differences)
    if n < 3 or not np.ptp(differences):
        return None
    alpha = alpha if one_sided else alpha / 2
    root = np.sqrt(n)
    needed = special.stdtrit(n - 1, 1 - alpha) if hits else root * least_mean(n, alpha)
    # The noncentrality with which t exceeds what is needed that often.
    in_errors = special.nctdtrinc(n - 1, 1 - power, needed)
    found = float(in_errors / root * np.std(differences, ddof=1)) + (1 / n if hits else 0.0)
    return found if np.isfinite(found) and found > 0 else None
