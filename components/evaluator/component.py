"""TFX's Evaluator, which takes the served model as its baseline where there is one to compare."""

from __future__ import annotations

from tfx.components import Evaluator as TfxEvaluator
from tfx.dsl.components.base import executor_spec

from components.evaluator import executor


class Evaluator(TfxEvaluator):
    """The standard Evaluator; `baseline_model` is what the ServedModel component gives."""

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)
