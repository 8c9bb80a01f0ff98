"""The Significance component: one gate for what is pushed."""

from __future__ import annotations

from collections.abc import Mapping

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.significance import executor


class PlaylistMetrics(Artifact):
    """Rows of metrics by model and playlist, their summary, the tests and the decision."""

    TYPE_NAME = "components.PlaylistMetrics"


class SignificanceSpec(ComponentSpec):
    """Inputs, outputs and parameters of `Significance`; an input for each baseline is added."""

    PARAMETERS = {  # noqa: RUF012 - TFX declares them so
        "options": ExecutionParameter(type=str),
        "candidate_name": ExecutionParameter(type=str),
        "seed": ExecutionParameter(type=int),
        "source_hash": ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "candidate": ChannelParameter(type=standard_artifacts.Model),
        "served": ChannelParameter(type=standard_artifacts.Model),
        "evaluation": ChannelParameter(type=standard_artifacts.ModelEvaluation),
        "evaluator_blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
        "infra_blessing": ChannelParameter(type=standard_artifacts.InfraBlessing),
    }
    OUTPUTS = {  # noqa: RUF012
        "metrics": ChannelParameter(type=PlaylistMetrics),
        "blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
    }


class Significance(base_beam_component.BaseBeamComponent):
    """Scores held-out playlists with every model, tests the differences and blesses or refuses.

    Evaluator's thresholds compare point values. This component keeps a row per playlist, so that
    differences can be paired and tested, and has the last word: it blesses what Evaluator blessed,
    what InfraCheck has seen serve, and what its own gate lets through.
    """

    SPEC_CLASS = SignificanceSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(
        self,
        *,
        examples: types.BaseChannel,
        candidate: types.BaseChannel,
        baselines: Mapping[str, types.BaseChannel],
        served: types.BaseChannel,
        evaluation: types.BaseChannel,
        evaluator_blessing: types.BaseChannel,
        infra_blessing: types.BaseChannel,
        candidate_name: str,
        options: str,
        seed: int,
        source_hash: str,
    ) -> None:
        """Constructs the component.

        Args:
            examples: held-out playlists; split eval decides, split test is reported.
            candidate: the model to bless.
            baselines: any number of models to compare with, by family.
            served: what the ServedModel component found.
            evaluation: what Evaluator measured, with the reasons of its blessing.
            evaluator_blessing: Evaluator's blessing.
            infra_blessing: InfraCheck's blessing.
            candidate_name: the candidate's name in results.
            options: `GateConfig` as JSON, the conditions of the blessing.
            seed: of the bootstrap.
            source_hash: hash of the code, so that a changed test is not served from cache.
        """
        # A runner in the cloud takes one artifact an input, so each baseline has its own.
        by_family = {executor.BASELINE + family: channel for family, channel in baselines.items()}
        added = {key: ChannelParameter(type=standard_artifacts.Model) for key in by_family}
        inputs = {**SignificanceSpec.INPUTS, **added}
        spec_class = type("SignificanceSpec", (SignificanceSpec,), {"INPUTS": inputs})
        super().__init__(
            spec=spec_class(
                **by_family,
                examples=examples,
                candidate=candidate,
                served=served,
                evaluation=evaluation,
                evaluator_blessing=evaluator_blessing,
                infra_blessing=infra_blessing,
                candidate_name=candidate_name,
                options=options,
                seed=seed,
                source_hash=source_hash,
                metrics=types.Channel(type=PlaylistMetrics),
                blessing=types.Channel(type=standard_artifacts.ModelBlessing),
            )
        )
