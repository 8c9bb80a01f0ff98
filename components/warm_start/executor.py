"""Executor of the WarmStart component."""

from __future__ import annotations

from typing import Any

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.example_files import pass_on_tree
from components.served_model import driver, seen
from schema import artifacts
from schema.model_card import ModelCard, StartCard
from schema.splits import HELD_OUT, SplitConfig
from serving.release import Served


class Executor(base_executor.BaseExecutor):
    """Looks, decides whether what is served may be started from, and keeps it."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component; see `component.WarmStart`.

        Raises:
            ConfigError, ServingError: as `serving.registry.resolve` does.
        """
        found = driver.resolved(exec_properties).served
        output = artifact_utils.get_single_instance(output_dict["model"])
        start = _start(found, SplitConfig.model_validate_json(exec_properties["split"]))
        model = path_utils.serving_model_dir(output.uri)
        if start.start == "served" and found.path:
            pass_on_tree(found.path, model)
        start.write_beside(model)
        output.set_string_custom_property(artifacts.SUMMARY, _summary(start))


def _start(found: Served, split: SplitConfig) -> StartCard:
    if found.version is None:
        return StartCard(start="scratch", reason="no model is served yet")
    version = str(found.version)
    reason = found.problem if found.path is None else _objection(found.path, split)
    return StartCard(start="scratch" if reason else "served", reason=reason, version=version)


def _objection(model: str, split: SplitConfig) -> str | None:
    """Why a model must not be started from: it may have learnt what is held out now."""
    try:
        card = ModelCard.read(model)
    except ValueError as error:
        return f"what it was trained on is not known: {error}"
    for side in HELD_OUT:
        worst = seen.worst(split, card.splits, side)
        if worst.share is None:
            return (
                "its model card does not say under which split it was trained, so it may have "
                f"learnt from {side} playlists of this run"
            )
        if worst.share:
            return f"its weights were trained {seen.words(split, worst, side)}"
    return None


def _summary(start: StartCard) -> str:
    if start.version is None:
        return f"from scratch: {start.reason}"
    if start.reason:
        return f"from scratch, not from version {start.version}: {start.reason}"
    return f"from version {start.version}"
