"""The SideTable component: a side table from its folder to an artifact."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.side_table import driver, executor
from components.side_table.artifact import SideTableArtifact


class SideTableSpec(ComponentSpec):
    """Outputs and parameters of `SideTable`."""

    PARAMETERS = {  # noqa: RUF012 - TFX declares them so
        "folder": ExecutionParameter(type=str),
        "fingerprint": ExecutionParameter(type=str),
        "source_hash": ExecutionParameter(type=str),
    }
    INPUTS = {}  # noqa: RUF012
    OUTPUTS = {  # noqa: RUF012
        "table": ChannelParameter(type=SideTableArtifact),
    }


class SideTable(base_component.BaseComponent):
    """Copies a side table, so that Trainers and whoever follows lineage find it as it was.

    Which table lies in the folder is a part of the cache's key.
    """

    SPEC_CLASS = SideTableSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)
    DRIVER_CLASS = driver.Driver  # type: ignore[assignment]

    def __init__(self, *, folder: str, source_hash: str) -> None:
        """Constructs the component.

        Args:
            folder: of the side table, local or remote.
            source_hash: hash of the code, so that a changed rule is not served from cache.
        """
        super().__init__(
            spec=SideTableSpec(
                folder=folder,
                fingerprint="",
                source_hash=source_hash,
                table=types.Channel(type=SideTableArtifact),
            )
        )
