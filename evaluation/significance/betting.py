"""A test of a bounded mean that holds for every law and number of values, at the price of power."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import special

# Shares of the capital that are bet; their mean is the capital of one who could not decide.
_BETS: Final = (np.arange(100) + 0.5) / 100


def bounded_mean_p_value(values: np.ndarray, span: float) -> float:
    """p-value of "the mean is 0 or less" for independent values within ±span.

    Whoever bets a share b of his capital on every value multiplies it by 1 + b · value / span,
    which under the hypothesis is no gain on average, so that a capital of c times the first is
    reached with a probability of 1 / c at most (Markov). The bets are averaged over all shares.

    Source: Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting
    (Journal of the Royal Statistical Society B 86, 2024); the average over bets is Cover's
    universal portfolio (Mathematical Finance 1, 1991).

    Args:
        values: float [n], each within ±span.
        span: the largest difference that there can be.

    Raises:
        ValueError: a value lies outside ±span.
    """
    if len(values) and np.abs(values).max() > span * (1 + 1e-9):
        raise ValueError(f"a difference of {np.abs(values).max():g} lies outside ±{span:g}")
    log_capital = np.log1p(_BETS[:, np.newaxis] * (values / span)).sum(axis=1)
    return float(min(1.0, np.exp(np.log(len(_BETS)) - special.logsumexp(log_capital))))
