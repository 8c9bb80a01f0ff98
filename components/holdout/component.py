"""The Holdout component: examples in, the same examples with eval and test held out."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.holdout import executor


class HoldoutSpec(ComponentSpec):
    """Inputs, outputs and parameters of `Holdout`."""

    PARAMETERS = {  # noqa: RUF012 - TFX declares them so
        "seed": ExecutionParameter(type=int),
        "source_hash": ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "schema": ChannelParameter(type=standard_artifacts.Schema),
    }
    OUTPUTS = {  # noqa: RUF012
        "held_out": ChannelParameter(type=standard_artifacts.Examples),
        "held_out_schema": ChannelParameter(type=standard_artifacts.Schema),
    }


class Holdout(base_beam_component.BaseBeamComponent):
    """Withholds tracks of every playlist outside train, as the RecSys Challenge 2018 does.

    Train is passed on unchanged. Held-out playlists keep their seeds as track features; what is
    withheld moves to features that only evaluation reads. Nothing downstream sees the originals.
    """

    SPEC_CLASS = HoldoutSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(
        self, examples: types.BaseChannel, schema: types.BaseChannel, seed: int, source_hash: str
    ) -> None:
        """Constructs the component.

        Args:
            examples: playlists with a train split and held-out ones.
            schema: the curated schema of the examples.
            seed: decides scenarios and random choices, together with each pid.
            source_hash: hash of the code, so that a changed protocol is not served from cache.
        """
        super().__init__(
            spec=HoldoutSpec(
                examples=examples,
                schema=schema,
                seed=seed,
                source_hash=source_hash,
                held_out=types.Channel(type=standard_artifacts.Examples),
                held_out_schema=types.Channel(type=standard_artifacts.Schema),
            )
        )
