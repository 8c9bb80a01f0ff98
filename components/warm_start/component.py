"""The WarmStart component: what is served when training begins, for training to start from."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.served_model import driver
from components.warm_start import executor


class WarmStartSpec(ComponentSpec):
    """Outputs and parameters of `WarmStart`."""

    PARAMETERS = {  # noqa: RUF012 - TFX declares them so
        "destination": ExecutionParameter(type=str),
        "release_record": ExecutionParameter(type=str),
        "registry": ExecutionParameter(type=str),
        "registered_model": ExecutionParameter(type=str),
        "split": ExecutionParameter(type=str),
        "fingerprint": ExecutionParameter(type=str),
        "source_hash": ExecutionParameter(type=str),
    }
    INPUTS = {}  # noqa: RUF012
    OUTPUTS = {  # noqa: RUF012
        "model": ChannelParameter(type=standard_artifacts.Model),
    }


class WarmStart(base_component.BaseComponent):
    """Looks up what is served, for a Trainer to start from.

    ServedModel looks at the same place, but after training, as what it asks is about the candidate.
    The output holds `start.json`, a `schema.model_card.StartCard`, and the served model itself
    where it may be started from: not where it has learnt from playlists that are held out now.
    Whether its weights fit what is to be trained is for the Trainer to see.

    As with ServedModel, what stands at the destination is a part of the cache's key.
    """

    SPEC_CLASS = WarmStartSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)
    DRIVER_CLASS = driver.Driver  # type: ignore[assignment]

    def __init__(
        self,
        *,
        destination: str,
        release_record: str,
        registry: str,
        registered_model: str,
        split: str,
        source_hash: str,
    ) -> None:
        """Constructs the component.

        Args:
            destination: directory of versions that Pusher pushes to, local or remote.
            release_record: the record of `segue release`; it need not be there.
            registry: `RegistryOptions` as JSON.
            registered_model: its name.
            split: `SplitConfig` of the run as JSON.
            source_hash: hash of the code, so that a changed rule is not served from cache.
        """
        super().__init__(
            spec=WarmStartSpec(
                destination=destination,
                release_record=release_record,
                registry=registry,
                registered_model=registered_model,
                split=split,
                fingerprint="",
                source_hash=source_hash,
                model=types.Channel(type=standard_artifacts.Model),
            )
        )
