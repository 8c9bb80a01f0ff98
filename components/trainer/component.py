"""A Trainer with a side table among its inputs."""

from __future__ import annotations

from typing import Any

from tfx import components as tfx
from tfx.dsl.components.base import executor_spec
from tfx.types.channel import BaseChannel
from tfx.types.component_spec import ChannelParameter

from components.side_table.artifact import SideTableArtifact
from components.trainer import executor


class SideTableTrainer(tfx.Trainer):
    """TFX's Trainer, whose `run_fn` finds the folder of a side table in its `custom_config`."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(self, *, side_table: BaseChannel, **others: Any) -> None:
        """Constructs the component.

        Args:
            side_table: what SideTable gives.
            others: as TFX's Trainer takes them.
        """
        super().__init__(**others)
        # TFX's Trainer makes its specification itself, and takes no other.
        parameter = ChannelParameter(type=SideTableArtifact)
        self.spec.INPUTS = {**self.spec.INPUTS, executor.INPUT: parameter}
        self.spec.inputs[executor.INPUT] = side_table
