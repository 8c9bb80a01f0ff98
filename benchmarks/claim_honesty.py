"""How often a difference is claimed that is not there, by the skewness of the differences.

Models of which neither is better are made by drawing differences with a mean of 0 from laws of
every shape. Beside the claims stands what Wilcoxon's test, which decides nothing, would have made
of the same differences. `measure` is what `make bench ARGS=claim-honesty` runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from evaluation.significance.compare import compare_paired
from evaluation.significance.result import MIN_RESAMPLES, ComparisonOptions

SIZES: Final = (50, 100, 200, 500, 1000)
COMPARISONS: Final = 500
_SEED: Final = 0


class Law(NamedTuple):
    """A law of differences with the mean 0.

    Attributes:
        skewness: of the law, not of a sample; None where it has none.
        draw: float values of a shape; NDCG's differences lie within ±1.
    """

    skewness: float | None
    draw: Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def two_points(share: float, loss: float, noise: float, gain: float = 0.01) -> Law:
    """Small gains for most playlists, losses for a share of them, and noise on all."""
    deviation = np.hypot((gain + loss) * np.sqrt(share * (1 - share)), noise)
    third = -((gain + loss) ** 3) * share * (1 - share) * (1 - 2 * share)
    mean = gain * (1 - share) - loss * share

    def draw(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
        values = np.where(rng.random(shape) < share, -loss, gain) - mean
        return values + rng.normal(0, noise, shape)

    return Law(float(third / deviation**3), draw)


def few_differ(gaining: float, gain: float, losing: float) -> Law:
    """Most differences are exactly 0; of the others some gain and fewer lose more."""
    loss = gain * gaining / losing
    square = gaining * gain**2 + losing * loss**2
    third = gaining * gain**3 - losing * loss**3

    def draw(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
        return rng.choice((gain, -loss, 0.0), shape, p=(gaining, losing, 1 - gaining - losing))

    return Law(third / square**1.5, draw)


def lognormal(deviation: float, scale: float = 0.02) -> Law:
    """A longer tail of losses."""
    growth = np.exp(deviation**2)
    mean = np.exp(deviation**2 / 2)
    return Law(
        float(-(growth + 2) * np.sqrt(growth - 1)),
        lambda rng, shape: (mean - rng.lognormal(0, deviation, shape)) * scale,
    )


def gamma(shape_parameter: float, scale: float = 0.02) -> Law:
    """A long tail of losses."""
    skewness = -2 / np.sqrt(shape_parameter)
    return Law(
        float(skewness),
        lambda rng, shape: (shape_parameter - rng.gamma(shape_parameter, 1, shape)) * scale,
    )


#: From no skew to much of it, by name.
LAWS: Final = {
    "normal": Law(0.0, lambda rng, shape: rng.normal(0, 0.1, shape)),
    "60% of the differences are zero": Law(
        0.0, lambda rng, shape: rng.normal(0, 0.1, shape) * (rng.random(shape) < 0.4)
    ),
    "Student's t with 3 degrees of freedom": Law(
        None, lambda rng, shape: rng.standard_t(3, shape) * 0.01
    ),
    "unlike models by a coin": Law(
        0.0, lambda rng, shape: rng.choice((-1, 1), shape) * rng.beta(1, 4, shape)
    ),
    "20% lose 0.08, the others gain 0.02": two_points(0.2, 0.08, 0.05, 0.02),
    "10% lose 0.09, the others gain 0.01": two_points(0.1, 0.09, 0.03),
    "gamma of 4": gamma(4),
    "one minus exponential": gamma(1),
    "5% lose 0.19": two_points(0.05, 0.19, 0.03),
    "gamma of 0.5": gamma(0.5),
    "3% lose 0.32": two_points(0.03, 0.32, 0.03),
    "gamma of 0.25": gamma(0.25),
    "2% lose 0.49": two_points(0.02, 0.49, 0.03),
    "gamma of 0.11": gamma(1 / 9),
    "1% lose 0.99": two_points(0.01, 0.99, 0.03),
    # Noise that drowns the gains hides the losses' skew.
    "2% lose 0.245, noise 0.0375": two_points(0.02, 0.245, 0.0375, 0.005),
    "1% lose 0.495, noise 0.05": two_points(0.01, 0.495, 0.05, 0.005),
    "lognormal, 0.8": lognormal(0.8),
    # Without noise, whoever sees no loss sees no spread.
    "10% lose 0.09, no noise": two_points(0.1, 0.09, 0.0),
    "5% lose 0.19, no noise": two_points(0.05, 0.19, 0.0),
    "3% lose 0.32, no noise": two_points(0.03, 0.32, 0.0),
    "2% lose 0.49, no noise": two_points(0.02, 0.49, 0.0),
    "1% lose 0.99, no noise": two_points(0.01, 0.99, 0.0),
    "8% gain 0.1, 4% lose 0.2, no other differs": few_differ(0.08, 0.1, 0.04),
    "4% gain 0.1, 2% lose 0.2, no other differs": few_differ(0.04, 0.1, 0.02),
}


def measure(
    comparisons: int = COMPARISONS, sizes: tuple[int, ...] = SIZES, seed: int = _SEED
) -> dict[str, Any]:
    """Counts false claims of "better" at alpha = 5%.

    Args:
        comparisons: by law and size.
        sizes: playlists in a comparison.
        seed: of every draw.

    Returns:
        `claims`: by law its skewness and, by number of playlists, the rate of false claims with
        Wilson's 95% interval and the rate of Wilcoxon's test; `power`: how often a true gain is
        claimed that a t-test on normal differences sees nine times in ten.
    """
    options = ComparisonOptions(resamples=MIN_RESAMPLES)
    claims = {
        name: {
            "skewness": law.skewness,
            "playlists": {str(n): _rates(law, n, comparisons, options, seed) for n in sizes},
        }
        for name, law in LAWS.items()
    }
    return {
        "alpha": options.alpha,
        "comparisons": comparisons,
        "claims": claims,
        "power": {str(n): _power(n, comparisons, options, seed) for n in sizes},
    }


def _rates(
    law: Law, n: int, comparisons: int, options: ComparisonOptions, seed: int
) -> dict[str, float]:
    draws = law.draw(np.random.default_rng([seed, n]), (comparisons, n))
    zeros = np.zeros(n)
    results = [compare_paired(row, zeros, "ndcg", options=options) for row in draws]
    claimed = sum(result.significant for result in results)
    ranked = sum((result.ranks_p_value or 1.0) < options.alpha for result in results)
    low, high = proportion_confint(claimed, comparisons, method="wilson")
    return {
        "claimed": claimed / comparisons,
        "ci_low": float(low),
        "ci_high": float(high),
        "wilcoxon": ranked / comparisons,
    }


def _power(n: int, comparisons: int, options: ComparisonOptions, seed: int) -> float:
    rng = np.random.default_rng([seed, n, 1])
    gain = 0.1 * (1.645 + 1.282) / np.sqrt(n)
    draws = rng.normal(gain, 0.1, (comparisons, n))
    zeros = np.zeros(n)
    seen = sum(compare_paired(row, zeros, "ndcg", options=options).significant for row in draws)
    return seen / comparisons
