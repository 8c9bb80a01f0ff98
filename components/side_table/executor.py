"""Executor of the SideTable component."""

from __future__ import annotations

import os
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils

from models.data import side_tables
from schema import artifacts
from schema.side_tables import SIDE_TABLE_FILE, TABLE_FILE


class Executor(base_executor.BaseExecutor):
    """Copies a table, and checks what it has copied."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component; see `component.SideTable`.

        Raises:
            ValueError: the table is not the one that its description names.
        """
        output = artifact_utils.get_single_instance(output_dict["table"])
        fileio.makedirs(output.uri)
        for name in (TABLE_FILE, SIDE_TABLE_FILE):
            source = os.path.join(exec_properties["folder"], name)
            fileio.copy(source, os.path.join(output.uri, name), overwrite=True)
        described, _ = side_tables.read(output.uri)
        output.set_string_custom_property(
            artifacts.SUMMARY,
            f"{described.name}: {described.rows:,} rows as of {described.as_of:%Y-%m-%d %H:%M}",
        )
