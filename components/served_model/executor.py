"""Executor of the ServedModel component."""

from __future__ import annotations

from typing import Any

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components import served_file
from components.example_files import pass_on_tree
from components.served_model import driver
from components.served_model.comparison import compare
from schema import artifacts
from schema.documents import ServedModel
from schema.splits import DECIDING, SplitConfig
from serving.registry import Resolved
from serving.release import Served


class Executor(base_executor.BaseExecutor):
    """Looks, decides whether the candidate can be compared with what it finds, and keeps it."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component; see `component.ServedModel`.

        Raises:
            ConfigError, ServingError: as `serving.registry.resolve` does.
        """
        resolved = driver.resolved(exec_properties)
        found = resolved.served
        output = artifact_utils.get_single_instance(output_dict["model"])
        candidate = artifact_utils.get_single_uri(input_dict["candidate"])
        described = _describe(
            found,
            path_utils.serving_model_path(candidate),
            SplitConfig.model_validate_json(exec_properties["split"]),
            artifact_utils.get_split_uri(input_dict["examples"], DECIDING),
        )
        described = described.model_copy(update={"registry": resolved.note or None})
        if described.comparison == "made" and found.path:
            pass_on_tree(found.path, path_utils.serving_model_dir(output.uri))
        served_file.write(described, output)
        output.set_string_custom_property(artifacts.SUMMARY, _summary(described, resolved))


def _describe(found: Served, candidate: str, split: SplitConfig, examples: str) -> ServedModel:
    if found.version is None:
        return ServedModel()
    version = str(found.version)
    if found.path is None:
        return ServedModel(
            version=version, pinned=found.pinned, comparison="not_made", reason=found.problem
        )
    verdict, reason, family = compare(found.path, candidate, split, examples)
    return ServedModel(
        version=version, family=family, pinned=found.pinned, comparison=verdict, reason=reason
    )


def _summary(served: ServedModel, resolved: Resolved) -> str:
    text = _compared(served, resolved.by)
    return f"{text} ({resolved.note})" if resolved.note else text


def _compared(served: ServedModel, by: str) -> str:
    if served.comparison == "none":
        return "no model is served yet"
    family = f" ({served.family})" if served.family else ""
    text = f"version {served.version}{family}"
    if by != "destination":
        text += f", by the {by}"
    if served.comparison == "same":
        return f"{text}: the candidate itself"
    if served.comparison == "not_made":
        return f"{text}: not compared, {served.reason}"
    return text
