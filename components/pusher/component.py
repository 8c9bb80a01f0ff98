"""The Pusher component: a blessed model goes to where it is served from, unless it is there."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.pusher import executor


class PusherSpec(ComponentSpec):
    """Inputs, outputs and parameters of `Pusher`."""

    PARAMETERS = {  # noqa: RUF012 - TFX declares them so
        "destination": ExecutionParameter(type=str),
        "release_record": ExecutionParameter(type=str),
        "started": ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "model": ChannelParameter(type=standard_artifacts.Model),
        "model_blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
        "infra_blessing": ChannelParameter(type=standard_artifacts.InfraBlessing),
    }
    OUTPUTS = {  # noqa: RUF012
        "pushed_model": ChannelParameter(type=standard_artifacts.PushedModel),
    }


class Pusher(base_component.BaseComponent):
    """Puts a blessed model under the destination, as a new version above all that are there.

    TFX's Pusher believes its cache, though the version may be gone or another one be served, and
    takes the time for the version's number, which servers pass over where a higher one is there.
    This one looks in every run: `started` is a part of the cache's key. What is served already, or
    waits for `segue release` at the destination, is not pushed again.
    """

    SPEC_CLASS = PusherSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        *,
        model: types.BaseChannel,
        model_blessing: types.BaseChannel,
        infra_blessing: types.BaseChannel,
        destination: str,
        release_record: str,
        started: str,
    ) -> None:
        """Constructs the component.

        Args:
            model: the candidate.
            model_blessing: Significance's blessing.
            infra_blessing: InfraCheck's blessing.
            destination: directory of versions, local or remote; made where it is missing.
            release_record: the record of `segue release`; it need not be there.
            started: when the run began, or anything else that no other run gives.
        """
        super().__init__(
            spec=PusherSpec(
                model=model,
                model_blessing=model_blessing,
                infra_blessing=infra_blessing,
                destination=destination,
                release_record=release_record,
                started=started,
                pushed_model=types.Channel(type=standard_artifacts.PushedModel),
            )
        )
