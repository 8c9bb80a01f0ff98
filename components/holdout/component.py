"""The Holdout component: parts what models are fitted to from what is held out of them."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.holdout import executor


class HoldoutSpec(ComponentSpec):
    """Inputs, outputs and parameters of `Holdout`."""

    PARAMETERS = {  # noqa: RUF012 - TFX declares them so
        "options": ExecutionParameter(type=str),
        "seed": ExecutionParameter(type=int),
        "source_hash": ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "examples": ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS = {  # noqa: RUF012
        "training": ChannelParameter(type=standard_artifacts.Examples),
        "held_out": ChannelParameter(type=standard_artifacts.Examples),
    }


class Holdout(base_beam_component.BaseBeamComponent):
    """Withholds tracks of the playlists of eval and test, as the RecSys Challenge 2018 does.

    Train and stop are passed on unchanged, as `training`: what is given that alone cannot be fitted
    to another playlist. Eval and test go into `held_out`: their playlists keep their seeds as track
    features; what is withheld moves to features that only evaluation reads. Nothing downstream sees
    the originals.
    """

    SPEC_CLASS = HoldoutSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(
        self, examples: types.BaseChannel, options: str, seed: int, source_hash: str
    ) -> None:
        """Constructs the component.

        Args:
            examples: playlists of all splits.
            options: `HoldoutOptions` as JSON.
            seed: decides who is drawn, scenarios and random choices, together with each pid.
            source_hash: hash of the code, so that a changed protocol is not served from cache.
        """
        super().__init__(
            spec=HoldoutSpec(
                examples=examples,
                options=options,
                seed=seed,
                source_hash=source_hash,
                training=types.Channel(type=standard_artifacts.Examples),
                held_out=types.Channel(type=standard_artifacts.Examples),
            )
        )
