"""From rows of metrics to summaries, tests and a decision."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from evaluation import gate as gates
from evaluation import summary
from evaluation.gate_config import GateConfig
from evaluation.significance.family import paired_tests
from evaluation.significance.result import Options
from schema.model_card import ModelCard

#: The split that decides, and the one that is only reported.
DECIDING_SPLIT: Final = "eval"
REPORTED_SPLIT: Final = "test"

#: What is tested against every other model.
TESTED_METRICS: Final = (
    "ndcg",
    "r_precision",
    "clicks",
    "recall@10",
    "recall@100",
    "recall@500",
    "hit_rate@10",
)


def judge(
    rows: pd.DataFrame,
    *,
    candidate: str,
    served: str | None,
    gate: GateConfig,
    coverage: Mapping[str, Mapping[str, float | None]],
    cards: Mapping[str, ModelCard],
    seed: int,
    refusals: Sequence[str] = (),
) -> dict[str, Any]:
    """Summarises, tests and decides.

    Args:
        rows: one a model and held-out playlist.
        candidate: the candidate's name in the rows.
        served: the served model's name there, if one is served.
        gate: the conditions of the blessing.
        coverage: share of the catalogue recommended, by split and model.
        cards: what each model says of itself.
        seed: of the bootstrap.
        refusals: what Evaluator and InfraCheck have against the candidate.

    Returns:
        `models`, `test_models`, `tests` and `blessing`, ready for metrics.json; and `checks`, each
        reason with whether it speaks for the candidate.
    """
    fit_seconds = {name: card.fit_seconds for name, card in cards.items()}

    def models(split: str) -> dict[str, Any]:
        if not (rows["split"] == split).any():
            return {}
        return summary.summarise(
            rows,
            split=split,
            catalogue_level={
                name: {"coverage": value} for name, value in coverage.get(split, {}).items()
            },
            fit_seconds=fit_seconds,
        )

    deciding = rows[rows["split"] == DECIDING_SPLIT]
    others = [str(name) for name in deciding["model"].unique() if name != candidate]
    tests = (
        paired_tests(
            deciding,
            candidate,
            others,
            TESTED_METRICS,
            options=Options(alpha=gate.alpha, resamples=gate.resamples, seed=seed),
        )
        if (deciding["model"] == candidate).any()
        else []
    )
    checks = _checks(rows, candidate, served, gate, refusals)
    return {
        "models": models(DECIDING_SPLIT),
        "test_models": models(REPORTED_SPLIT),
        "tests": [result.to_dict() for result in tests],
        "blessing": {
            "blessed": all(check.passed for check in checks),
            "reasons": [check.text for check in checks],
        },
        "checks": [dataclasses.asdict(check) for check in checks],
    }


def _checks(
    rows: pd.DataFrame,
    candidate: str,
    served: str | None,
    gate: GateConfig,
    refusals: Sequence[str],
) -> list[gates.Check]:
    """Everything that the blessing hangs on, what speaks against it first."""
    refused = [gates.Check("refusal", False, text) for text in refusals]
    if not (rows["split"] == DECIDING_SPLIT).any():
        text = "No playlist fell into the eval split, so nothing can be decided."
        return [*refused, gates.Check("floor", False, text)]
    decision = gates.decide(gate, rows, candidate, served, split=DECIDING_SPLIT)
    return [*refused, *decision.checks]
