"""The Register component: what was pushed becomes a version of the registry."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.types.experimental import simple_artifacts

from components.register import executor
from components.report.component import RunReport


class Registered(Artifact):
    """registered.json: the version as the registry has it, or the registration that waits."""

    TYPE_NAME = "components.Registered"


class RegisterSpec(ComponentSpec):
    """Inputs, outputs and parameters of `Register`."""

    PARAMETERS = {  # noqa: RUF012 - TFX declares them so
        "registry": ExecutionParameter(type=str),
        "registered_model": ExecutionParameter(type=str),
        "waiting": ExecutionParameter(type=str),
        "segment": ExecutionParameter(type=str),
        "started": ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "pushed_model": ChannelParameter(type=standard_artifacts.PushedModel),
        "report": ChannelParameter(type=RunReport),
        "records": ChannelParameter(type=simple_artifacts.Dataset),
        "ingested": ChannelParameter(type=simple_artifacts.File),
    }
    OUTPUTS = {  # noqa: RUF012
        "registered": ChannelParameter(type=Registered),
    }


class Register(base_component.BaseComponent):
    """Registers what Pusher pushed, with where it came from, its metrics and its page.

    The registry is asked in every run: `started` is a part of the cache's key. A version that is
    registered stays as it is. Where the registry is down the run goes on: the registration is
    written down, and made up by the next run or by `segue registry sync`.
    """

    SPEC_CLASS = RegisterSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        *,
        pushed_model: types.BaseChannel,
        report: types.BaseChannel,
        records: types.BaseChannel,
        ingested: types.BaseChannel,
        registry: str,
        registered_model: str,
        waiting: str,
        segment: str,
        started: str,
    ) -> None:
        """Constructs the component.

        Args:
            pushed_model: Pusher's.
            report: the run's documents and page.
            records: what Ingest wrote, with its fingerprint.
            ingested: Ingest's counts, with the spans.
            registry: `RegistryOptions` as JSON.
            registered_model: its name.
            waiting: directory of registrations that wait for it, local or remote.
            segment: the segment of listeners that the model is for, "" for everybody.
            started: when the run began, or anything else that no other run gives.
        """
        super().__init__(
            spec=RegisterSpec(
                pushed_model=pushed_model,
                report=report,
                records=records,
                ingested=ingested,
                registry=registry,
                registered_model=registered_model,
                waiting=waiting,
                segment=segment,
                started=started,
                registered=types.Channel(type=Registered),
            )
        )
