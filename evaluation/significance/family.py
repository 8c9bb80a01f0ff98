"""Many comparisons at once: every baseline, metric and scenario, with Holm's correction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd
from statsmodels.stats.multitest import multipletests

from evaluation.significance.compare import compare_paired
from evaluation.significance.result import ComparisonOptions, TestResult
from schema.rows import MODEL, PID, SCENARIO


def holm(results: Sequence[TestResult]) -> list[TestResult]:
    """Corrects the p-values of one family, so that any false claim in it is as rare as alpha.

    Source: Holm, A simple sequentially rejective multiple test procedure (Scandinavian Journal of
    Statistics 6, 1979), by statsmodels. Comparisons without a p-value are not part of the family.

    Args:
        results: the family.

    Returns:
        The same in the same order, with `p_adjusted` and `significant` set.
    """
    p_values = [result.p_value for result in results if result.p_value is not None]
    if not p_values:
        return list(results)
    corrected = iter(multipletests(p_values, method="holm")[1])
    return [
        result if result.p_value is None else result.adjusted(float(next(corrected)))
        for result in results
    ]


def pair(rows: pd.DataFrame, candidate: str, baseline: str) -> pd.DataFrame:
    """Puts two models' rows of the same playlists side by side.

    Args:
        rows: one a model and playlist, as in `per_playlist.parquet`, of one split.
        candidate: its name in the column `model`.
        baseline: of the same playlists.

    Returns:
        One row a playlist that both models have, the baseline's columns with the suffix
        "_baseline".

    Raises:
        ValueError: a model has no rows, or several for a playlist.
    """
    sides = []
    for model in (candidate, baseline):
        side = rows[rows[MODEL] == model]
        if side.empty:
            known = ", ".join(sorted(map(str, rows[MODEL].unique()))) or "none"
            raise ValueError(f"there are no rows of model {model!r}; there are those of: {known}")
        repeated = side.loc[side[PID].duplicated(), PID]
        if len(repeated):
            raise ValueError(f"model {model!r} has several rows of playlist {repeated.iloc[0]!r}")
        sides.append(side)
    return sides[0].merge(sides[1], on=PID, suffixes=("", "_baseline"), how="inner")


def paired_tests(
    rows: pd.DataFrame,
    candidate: str,
    baselines: Iterable[str],
    metrics: Sequence[str],
    *,
    by_scenario: bool = True,
    options: ComparisonOptions | None = None,
) -> list[TestResult]:
    """Compares a candidate with each baseline in each metric, over all playlists and by scenario.

    Two families are corrected, each by itself: the comparisons over all playlists, which carry the
    claims, and those by scenario, which show where a difference comes from.

    Args:
        rows: one a model and playlist of one split, with a column `scenario` and one a metric.
        candidate: its name in the column `model`.
        baselines: names of the models to compare with.
        metrics: names of columns; one that the rows lack is passed over.
        by_scenario: whether to compare within scenarios too.
        options: how to test.

    Raises:
        ValueError: see `pair`.
    """
    options = options or ComparisonOptions()
    overall: list[TestResult] = []
    within: list[TestResult] = []
    for baseline in baselines:
        pairs = pair(rows, candidate, baseline)
        groups: list[tuple[str | None, pd.DataFrame]] = [(None, pairs)]
        if by_scenario:
            groups += [(str(name), group) for name, group in pairs.groupby(SCENARIO, sort=False)]
        for metric in metrics:
            if metric not in pairs:
                continue
            for scenario, group in groups:
                result = compare_paired(
                    group[metric].to_numpy(),
                    group[f"{metric}_baseline"].to_numpy(),
                    metric,
                    candidate_name=candidate,
                    baseline_name=baseline,
                    scenario=scenario,
                    options=options,
                )
                (overall if scenario is None else within).append(result)
    return holm(overall) + holm(within)
