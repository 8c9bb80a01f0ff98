"""What each stage of a run read and wrote, gathered from what they left."""

from __future__ import annotations

from collections.abc import Mapping

from tfx import types
from tfx.types import artifact_utils

from components import counts
from components.data_gate import counted as of_statistics
from components.evaluator import counted as of_evaluation
from components.report import facts
from components.significance import counted as of_rows
from components.significance.results import read_rows
from schema.documents import Amount, SplitCounts, StageCounts
from schema.rows import LENGTH, MODEL, SPLIT


def stages(
    *,
    statistics: types.Artifact,
    held_out: types.Artifact,
    transformed: types.Artifact,
    models: Mapping[str, types.Artifact],
    evaluation: types.Artifact,
    metrics: types.Artifact,
) -> list[StageCounts]:
    """Returns the stages in their order; each has compared its own with the one before.

    Args:
        statistics: of the splits.
        held_out: Holdout's, with what came before it.
        transformed: Transform's.
        models: by family.
        evaluation: Evaluator's.
        metrics: Significance's rows.
    """
    *before, holdout = counts.read(held_out).stages
    rows = read_rows(facts.rows_file(metrics), [MODEL, SPLIT, LENGTH])
    return [
        *before,
        of_statistics.stage(facts.statistics_by_split(statistics)),
        holdout,
        counts.read(transformed).stages[-1],
        *(_trainer(family, model) for family, model in models.items()),
        of_evaluation.stage(evaluation.uri),
        *of_rows.stages(rows, artifact_utils.decode_split_names(held_out.split_names)),
    ]


def _trainer(family: str, model: types.Artifact) -> StageCounts:
    fitted = facts.card(model).playlists or {}
    splits = {
        split: SplitCounts(read=Amount(playlists=number, entries=None))
        for split, number in fitted.items()
    }
    return StageCounts(stage=f"Trainer.{family}", splits=splits)
