"""The Transform component: Holdout's training Examples in, what models train on out."""

from __future__ import annotations

from typing import Any

from tfx import components as tfx
from tfx.dsl.components.base import executor_spec
from tfx.proto import transform_pb2
from tfx.types.channel import BaseChannel

from components.transform import executor
from schema.splits import FITTED


class Transform(tfx.Transform):
    """TFX's Transform with an executor of our own.

    From here to the Trainers there are no playlists but those of train and stop to read.
    """

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(
        self,
        *,
        examples: BaseChannel,
        schema: BaseChannel,
        preprocessing_fn: str,
        custom_config: dict[str, Any],
    ) -> None:
        """Constructs the component.

        Args:
            examples: those of the splits that models are fitted to.
            schema: of the Examples.
            preprocessing_fn: the function's full name.
            custom_config: what it takes besides the Examples, and the hash of the code, so that a
                changed one is not served from cache.
        """
        super().__init__(
            examples=examples,
            schema=schema,
            preprocessing_fn=preprocessing_fn,
            # Models are fitted to stop in the end: its tracks and titles belong to vocabularies.
            splits_config=transform_pb2.SplitsConfig(analyze=list(FITTED), transform=list(FITTED)),
            custom_config=custom_config,
            # StatisticsGen has them already, and here they would double the time.
            disable_statistics=True,
            # It would be written at every run, for a third of the time, and never read: TFX knows
            # data by its path, which is another one in each run.
            disable_analyzer_cache=True,
        )
