"""Paired tests besides that of the mean: statistic, p-value and the effect size of each."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as _mcnemar

from evaluation.significance.studentised import Side

# Below, every assignment of signs is counted where ties rule out SciPy's exact distribution.
_ENUMERATED: Final = 14
_EXACT: Final = 50
# Below this many discordant pairs chi-square is a poor approximation (Agresti 2013, 10.1).
_FEW_DISCORDANT: Final = 25


class Outcome(NamedTuple):
    """What a test says.

    Attributes:
        name: of the test, for readers.
        statistic: as the library gives it.
        p_value: for the side asked for.
        effect_name: of the effect size.
        effect: positive where differences tend to be.
        note: more about the test, or "".
    """

    name: str
    statistic: float | None
    p_value: float | None
    effect_name: str
    effect: float | None
    note: str = ""


def cohens_dz(differences: np.ndarray) -> float | None:
    """Mean over standard deviation of paired differences, None where these do not vary.

    Source: Cohen, Statistical Power Analysis for the Behavioral Sciences (1988), section 2.3.5.

    Args:
        differences: float [n].
    """
    if len(differences) < 2:
        return None
    deviation = float(np.std(differences, ddof=1))
    average = float(np.mean(differences))
    return average / deviation if deviation > 1e-12 * abs(average) else None


def wilcoxon(differences: np.ndarray, side: Side) -> Outcome:
    """Wilcoxon's signed-rank test, zeros by Pratt's rule.

    Zeros take part in the ranking and are then left out (Pratt, JASA 54, 1959): dropping them
    first would rank small differences too high where most lists do not differ. The distribution is
    exact up to 50 pairs without ties and up to 14 differing pairs with them, else normal with the
    correction for ties. Effect: matched-pairs rank-biserial correlation, the share of favourable
    ranks minus that of unfavourable ones (Kerby, Comprehensive Psychology 3, 2014).

    Args:
        differences: float [n], not all 0.
        side: of the alternative.
    """
    magnitude = np.abs(differences)
    ranks = stats.rankdata(magnitude)
    positive = float(ranks[differences > 0].sum())
    negative = float(ranks[differences < 0].sum())
    effect = (positive - negative) / (positive + negative) if positive + negative else None

    zeros = int((differences == 0).sum())
    tied = zeros > 0 or len(np.unique(magnitude)) < len(magnitude)
    notes = [f"{zeros} of {len(differences)} differences are zero (Pratt's rule)"] * (zeros > 0)
    name = "Wilcoxon signed-rank"
    if tied and len(differences) - zeros <= _ENUMERATED:
        p_value = _enumerate_signs(ranks[differences != 0], positive, side)
        notes.append("exact by enumeration")
        return Outcome(name, positive, p_value, "rank_biserial", effect, ", ".join(notes))
    exact = not tied and len(differences) <= _EXACT
    result = stats.wilcoxon(
        differences,
        zero_method="pratt",
        alternative=side,
        method="exact" if exact else "approx",
    )
    return Outcome(
        name,
        float(result.statistic),
        float(result.pvalue),
        "rank_biserial",
        effect,
        ", ".join(notes),
    )


def _enumerate_signs(ranks: np.ndarray, positive: float, side: Side) -> float:
    """p-value over every assignment of signs to the ranks; equal sums count as extreme."""
    assignments = np.arange(2 ** len(ranks))[:, np.newaxis] >> np.arange(len(ranks)) & 1
    sums = assignments @ ranks
    greater = float((sums >= positive - 1e-9).mean())
    less = float((sums <= positive + 1e-9).mean())
    return {"greater": greater, "less": less, "two-sided": min(1.0, 2 * min(greater, less))}[side]


def mcnemar(candidate: np.ndarray, baseline: np.ndarray, side: Side) -> Outcome:
    """McNemar's test of hit or no hit.

    Chi-square with continuity correction from 25 discordant pairs on, the exact binomial test
    below. Effect: Cohen's g, the candidate's share of the discordant pairs minus one half.

    Args:
        candidate: [n] of 0 and 1.
        baseline: of the same playlists; at least one pair differs.
        side: of the alternative.

    Raises:
        ValueError: other values than 0 and 1.
    """
    for values in (candidate, baseline):
        if not np.isin(values, (0, 1)).all():
            raise ValueError("McNemar's test takes 0 and 1 only")
    won = int(((candidate == 1) & (baseline == 0)).sum())
    lost = int(((candidate == 0) & (baseline == 1)).sum())
    effect = won / (won + lost) - 0.5
    note = f"{won} hits won and {lost} lost"
    if won + lost < _FEW_DISCORDANT:
        binomial = stats.binomtest(won, won + lost, 0.5, alternative=side)
        p_value = float(binomial.pvalue)
        return Outcome("McNemar exact", float(min(won, lost)), p_value, "cohens_g", effect, note)
    result = _mcnemar([[0, won], [lost, 0]], exact=False, correction=True)
    p_value = float(result.pvalue)
    if side != "two-sided":
        # The square root of chi-square is normal under H0: half of it belongs to either side.
        favoured = (won > lost) == (side == "greater") and won != lost
        p_value = p_value / 2 if favoured else 1 - p_value / 2
    return Outcome("McNemar chi-square", float(result.statistic), p_value, "cohens_g", effect, note)
