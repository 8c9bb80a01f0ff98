"""Executor of a Trainer that reads a side table."""

from __future__ import annotations

from typing import Any, Final

from tfx import types
from tfx.components.trainer import executor
from tfx.components.trainer.fn_args_utils import FnArgs
from tfx.types import artifact_utils

#: The key of the input, and of the folder in `custom_config`.
INPUT: Final = "side_table"


class Executor(executor.GenericExecutor):
    """TFX's, but for where the side table lies."""

    def _GetFnArgs(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> FnArgs:
        """Adds the artifact's folder to what `run_fn` is configured with."""
        found = super()._GetFnArgs(input_dict, output_dict, exec_properties)
        folder = artifact_utils.get_single_uri(input_dict[INPUT])
        found.custom_config = {**(found.custom_config or {}), INPUT: folder}
        return found
