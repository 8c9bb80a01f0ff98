"""The ImportExampleGen component: Ingest's records in, Examples by split out."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.example_gen import driver, executor


class ImportExampleGenSpec(ComponentSpec):
    """Inputs, outputs and parameters of `ImportExampleGen`."""

    PARAMETERS = {  # noqa: RUF012 - TFX declares them so
        "input_base": ExecutionParameter(type=str),
        "fingerprint": ExecutionParameter(type=str),
        "source_hash": ExecutionParameter(type=str),
    }
    INPUTS = {}  # noqa: RUF012
    OUTPUTS = {  # noqa: RUF012
        "examples": ChannelParameter(type=standard_artifacts.Examples),
    }


class ImportExampleGen(base_component.BaseComponent):
    """Takes over the records of each split as Ingest wrote them.

    The driver of TFX's own ExampleGens knows files by size and time. Here TFX's cache goes by
    `fingerprint`, which the driver reads beside the records: those that are written again from the
    same input train nothing, and going back to earlier data finds its Examples. It takes no
    artifact of Ingest's for that reason: another execution makes another artifact, whatever it
    holds. Whoever builds a DAG adds Ingest as an upstream node.
    """

    SPEC_CLASS = ImportExampleGenSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)
    DRIVER_CLASS = driver.Driver  # type: ignore[assignment]

    def __init__(self, *, input_base: str, source_hash: str) -> None:
        """Constructs the component.

        Args:
            input_base: the directory that Ingest writes to, local or remote.
            source_hash: hash of the code, so that a changed executor is not served from cache.
        """
        super().__init__(
            spec=ImportExampleGenSpec(
                input_base=input_base,
                fingerprint="",
                source_hash=source_hash,
                examples=types.Channel(type=standard_artifacts.Examples),
            )
        )
