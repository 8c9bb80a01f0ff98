"""The InfraCheck component: what is pushed has been served before."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.infra_check import executor


class InfraCheckSpec(ComponentSpec):
    """Inputs, outputs and parameters of `InfraCheck`."""

    PARAMETERS = {  # noqa: RUF012 - TFX declares them so
        "options": ExecutionParameter(type=str),
        "seed": ExecutionParameter(type=int),
        "source_hash": ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "model": ChannelParameter(type=standard_artifacts.Model),
        "examples": ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS = {  # noqa: RUF012
        "blessing": ChannelParameter(type=standard_artifacts.InfraBlessing),
    }


class InfraCheck(base_component.BaseComponent):
    """Loads a model as a server does, asks it recorded and random queries and checks each answer.

    TFX's InfraValidator needs Docker or Kubernetes, and is content with any answer. This component
    needs neither, checks what the answers say, and gives the same InfraBlessing: Pusher takes it
    as `infra_blessing`. Beside its marker lies `infra_check.json` with every check's result and the
    latencies.
    """

    SPEC_CLASS = InfraCheckSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        *,
        model: types.BaseChannel,
        examples: types.BaseChannel,
        options: str,
        seed: int,
        source_hash: str,
    ) -> None:
        """Constructs the component.

        Args:
            model: the exported model.
            examples: held-out playlists; recorded queries are drawn from split eval.
            options: `InfraCheckOptions` as JSON.
            seed: decides which playlists are drawn, and the random queries.
            source_hash: hash of the code, so that a changed check is not served from cache.
        """
        super().__init__(
            spec=InfraCheckSpec(
                model=model,
                examples=examples,
                options=options,
                seed=seed,
                source_hash=source_hash,
                blessing=types.Channel(type=standard_artifacts.InfraBlessing),
            )
        )
