"""From rows of metrics to summaries, tests and a decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from components.significance.shown import ShownSummary
from evaluation import gate as gates
from evaluation import summary
from evaluation.gate_config import GateConfig
from evaluation.metrics.registry import METRICS
from evaluation.significance.family import paired_tests
from evaluation.significance.result import ComparisonOptions
from schema import rows as columns
from schema.documents import Blessing, Check, Judgement, ModelSummary, ServedModel
from schema.model_card import ModelCard
from schema.splits import DECIDING, REPORTED


def judge(
    rows: pd.DataFrame,
    *,
    candidate: str,
    served: str | None,
    gate: GateConfig,
    shown: Mapping[str, Mapping[str, ShownSummary]],
    cards: Mapping[str, ModelCard],
    seed: int,
    state: ServedModel | None = None,
    refusals: Sequence[str] = (),
) -> Judgement:
    """Summarises, tests and decides.

    Args:
        rows: one a model and held-out playlist.
        candidate: the candidate's name in the rows.
        served: the served model's name there, if the candidate is compared with it.
        gate: the conditions of the blessing.
        shown: what was shown, by split and model.
        cards: each model's card.
        seed: of the bootstrap.
        state: what is known of the served model, and why it is not compared with.
        refusals: what Evaluator and InfraCheck have against the candidate.
    """
    fit_seconds = {name: card.fit_seconds for name, card in cards.items()}

    def models(split: str) -> dict[str, ModelSummary]:
        if not (rows[columns.SPLIT] == split).any():
            return {}
        found = shown.get(split, {})
        summaries = summary.summarise(
            rows,
            split=split,
            catalogue_level={name: {"coverage": each.coverage} for name, each in found.items()},
            fit_seconds=fit_seconds,
        )
        return {
            name: each.model_copy(update={"exposure": found[name].exposure})
            if name in found
            else each
            for name, each in summaries.items()
        }

    deciding = rows[rows[columns.SPLIT] == DECIDING]
    others = [str(name) for name in deciding[columns.MODEL].unique() if name != candidate]
    tests = (
        paired_tests(
            deciding,
            candidate,
            others,
            [name for name, metric in METRICS.items() if metric.tested],
            options=ComparisonOptions(alpha=gate.alpha, resamples=gate.resamples, seed=seed),
        )
        if (deciding[columns.MODEL] == candidate).any()
        else []
    )
    checks = _checks(rows, candidate, served, gate, state=state, refusals=refusals, seed=seed)
    return Judgement(
        models=models(DECIDING),
        test_models=models(REPORTED),
        tests=[*tests],
        blessing=Blessing(
            blessed=all(check.passed for check in checks),
            reasons=[check.text for check in checks],
        ),
        checks=checks,
    )


def _checks(
    rows: pd.DataFrame,
    candidate: str,
    served: str | None,
    gate: GateConfig,
    *,
    state: ServedModel | None,
    refusals: Sequence[str],
    seed: int,
) -> list[Check]:
    """Returns every condition of the blessing, the failed ones first."""
    refused = [Check(name="refusal", passed=False, text=text) for text in refusals]
    if not (rows[columns.SPLIT] == DECIDING).any():
        text = "No playlist fell into the eval split, so nothing can be decided."
        return [*refused, Check(name="floor", passed=False, text=text)]
    decision = gates.decide(gate, rows, candidate, served, state=state, split=DECIDING, seed=seed)
    return [*refused, *decision.checks]
