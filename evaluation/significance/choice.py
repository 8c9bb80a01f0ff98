"""Which test suits the differences."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from scipy import stats

# With fewer pairs nobody can tell whether they are near normal.
MIN_PAIRS: Final = 20
# Bounds of skewness and excess kurtosis up to which a t-test is near exact at such sizes.
MAX_SKEW: Final = 0.5
MAX_KURTOSIS: Final = 1.0
# A test of normality refuses any real data once there is enough of it, hence the cap.
NORMALITY_SAMPLE: Final = 300
NORMALITY_ALPHA: Final = 0.01


class Choice(NamedTuple):
    """A test and why it was chosen.

    Attributes:
        test: "t", "wilcoxon", "mcnemar" or "none".
        reason: in words.
    """

    test: str
    reason: str


def choose(differences: np.ndarray, binary: bool, seed: int = 0) -> Choice:
    """Chooses a paired test by the distribution of the differences.

    McNemar's for hit or no hit. Else the paired t-test where the differences are near normal: at
    least 20, skewness within ±0.5, excess kurtosis within ±1, and D'Agostino and Pearson's K² (on
    at most 300 of them) not refusing at 1%. Else Wilcoxon's signed-rank test.

    Args:
        differences: float [n], finite.
        binary: whether both sides are 0 or 1.
        seed: of the sample for the test of normality.
    """
    n = len(differences)
    if n == 0:
        return Choice("none", "no playlist has a value from both models")
    if not differences.any():
        return Choice("none", "every playlist has the same value from both models")
    if n == 1:
        return Choice("none", "a single playlist cannot show a difference")
    if binary:
        return Choice("mcnemar", "every value is hit or no hit")
    return _by_shape(differences, seed)


def _by_shape(differences: np.ndarray, seed: int) -> Choice:
    n = len(differences)
    if n < MIN_PAIRS:
        return Choice("wilcoxon", f"{n} pairs are too few to tell whether they are near normal")
    if np.ptp(differences) <= 1e-12 * np.abs(differences).max():
        return Choice("wilcoxon", "all differences are equal")

    skew = float(stats.skew(differences))
    kurtosis = float(stats.kurtosis(differences))
    shape = f"skewness {skew:.2f}, excess kurtosis {kurtosis:.2f}"
    if abs(skew) > MAX_SKEW or abs(kurtosis) > MAX_KURTOSIS:
        return Choice("wilcoxon", f"the differences are far from normal ({shape})")
    sample = differences
    if n > NORMALITY_SAMPLE:
        rng = np.random.default_rng(seed)
        sample = rng.choice(differences, NORMALITY_SAMPLE, replace=False)
    p = float(stats.normaltest(sample).pvalue)
    shape += f", D'Agostino-Pearson p = {p:.2g}"
    if p < NORMALITY_ALPHA:
        return Choice("wilcoxon", f"the differences are not near normal ({shape})")
    return Choice("t", f"the differences are near normal ({shape})")
