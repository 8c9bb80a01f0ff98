"""Executor of the Evaluator: TFX's own, without a baseline where there is nothing to compare."""

from __future__ import annotations

import json
from typing import Any, Final

from tfx import types
from tfx.components.evaluator import constants, executor
from tfx.types import artifact_utils

from components import counts, served_file
from components.evaluator import counted
from schema import artifacts

_BASELINE: Final = "baseline_model"


class Executor(executor.Executor):
    """TFX's executor takes whatever artifact it gets for a model; not each is one."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs TFX's component; the thresholds on changes hold where a comparison is made.

        Raises:
            CountsError: if it evaluated other playlists than were held out.
        """
        served = artifact_utils.get_single_instance(input_dict[_BASELINE])
        inputs = {key: value for key, value in input_dict.items() if key != _BASELINE}
        if served_file.read(served).comparison == "made":
            inputs[_BASELINE] = [served]
        super().Do(inputs, output_dict, exec_properties)
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        (split,) = json.loads(exec_properties["example_splits"])
        evaluation = artifact_utils.get_single_uri(output_dict["evaluation"])
        counts.read(examples).followed_by(counted.stage(evaluation, split))
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        blessed = blessing.get_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY)
        beside = ", compared with the served model" if _BASELINE in inputs else ""
        blessing.set_string_custom_property(
            artifacts.SUMMARY, f"thresholds {'met' if blessed else 'missed'}{beside}"
        )
