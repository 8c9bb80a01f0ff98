"""How many playlists TFX's Evaluator has seen."""

from __future__ import annotations

from typing import Final

import tensorflow_model_analysis as tfma

from schema.documents import Amount, SplitCounts, StageCounts
from schema.splits import DECIDING

_COUNT: Final = "example_count"


def stage(evaluation: str, split: str = DECIDING) -> StageCounts:
    """Reads it off what was measured on all playlists together.

    Args:
        evaluation: Evaluator's output directory.
        split: which it was to evaluate.
    """
    read = Amount(entries=None)
    for key, outputs in tfma.load_eval_result(evaluation).slicing_metrics:
        if not key:
            found = outputs[""][""][_COUNT]["doubleValue"]
            read = Amount(playlists=round(float(found)), entries=None)
    return StageCounts(stage="Evaluator", splits={split: SplitCounts(read=read)})
