"""Executor of the InfraCheck component."""

from __future__ import annotations

import os
from typing import Any, Final

from absl import logging
from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils

from components.infra_check import examination, recorded
from components.infra_check.options import InfraCheckOptions
from components.infra_check.results import REPORT_FILE
from schema import artifacts
from schema.splits import DECIDING

# As tfx.components.infra_validator.executor spells them, which keeps them to itself.
_BLESSED_KEY: Final = "blessed"
_BLESSED_FILE: Final = "INFRA_BLESSED"
_NOT_BLESSED_FILE: Final = "INFRA_NOT_BLESSED"


class Executor(base_executor.BaseExecutor):
    """Serves the model in another process, questions it and writes the results."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component; see `component.InfraCheck`. A bad model is refused, not an error."""
        model = artifact_utils.get_single_instance(input_dict["model"])
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        options = InfraCheckOptions.model_validate_json(exec_properties["options"])
        seed = exec_properties["seed"]
        split = artifact_utils.get_split_uri(input_dict["examples"], DECIDING)
        report = examination.examine(
            path_utils.serving_model_path(model.uri),
            recorded.sample(split, options.requests, seed),
            options,
            seed,
        )
        io_utils.write_string_file(
            os.path.join(blessing.uri, REPORT_FILE), report.document().to_json()
        )
        blessing.set_string_custom_property(
            artifacts.SUMMARY,
            "a served copy answers as it should"
            if report.blessed
            else f"refused: {report.reasons[0]}",
        )
        _bless(blessing, report.blessed)
        for reason in report.reasons:
            logging.warning("Model failed the infrastructure check: %s", reason)


def _bless(blessing: types.Artifact, blessed: bool) -> None:
    """Writes the blessing as InfraValidator does, so that Pusher understands it."""
    name = _BLESSED_FILE if blessed else _NOT_BLESSED_FILE
    io_utils.write_string_file(os.path.join(blessing.uri, name), "")
    blessing.set_int_custom_property(_BLESSED_KEY, int(blessed))
