"""Executor of the Register component."""

from __future__ import annotations

import os
from typing import Any, Final

from absl import logging
from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils

from components.ingest import summary
from components.register.options import RegistryOptions
from components.register.tracking import Place, track, tracked
from schema import artifacts
from schema.registry import Alias, Lineage, Registration
from serving.registry import (
    Registry,
    RegistryError,
    describe,
    keep,
    make_up,
    open_registry,
)

_FILE: Final = "registered.json"


class Executor(base_executor.BaseExecutor):
    """Makes up what waits, then registers what this run pushed, or lets it wait."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component; see `component.Register`.

        Raises:
            ConfigError: the URI names no registry.
            BrokenModelError: what was pushed is not whole any more.
        """
        output = artifact_utils.get_single_instance(output_dict["registered"])
        options = RegistryOptions.model_validate_json(exec_properties["registry"])
        if options.uri:
            lineage = self._lineage(input_dict, exec_properties)
            given = _described(input_dict, exec_properties["registered_model"], lineage)
            place = Place(exec_properties["registered_model"], exec_properties["waiting"], options)
            told = _register(given, output, place)
            if options.track:
                report = artifact_utils.get_single_uri(input_dict["report"])
                told += track(
                    tracked(report, place.model, given.lineage if given else lineage), place
                )
        else:
            told = ["there is no registry: registry.uri names one"]
        output.set_string_custom_property(artifacts.SUMMARY, "; ".join(told))

    def _lineage(
        self, input_dict: dict[str, list[types.Artifact]], exec_properties: dict[str, Any]
    ) -> Lineage:
        pushed = artifact_utils.get_single_instance(input_dict["pushed_model"])
        records = artifact_utils.get_single_instance(input_dict["records"])
        ingested = artifact_utils.get_single_instance(input_dict["ingested"])
        job, execution = _made_by(pushed.uri)
        return Lineage(
            run=(self._context and self._context.pipeline_run_id) or job,
            pusher_execution=execution,
            data_fingerprint=records.get_string_custom_property(artifacts.FINGERPRINT),
            span=_spans(ingested),
            segment=exec_properties["segment"],
        )


def _described(
    input_dict: dict[str, list[types.Artifact]], model: str, lineage: Lineage
) -> Registration | None:
    """What this run pushed; None where that is nothing."""
    pushed = artifact_utils.get_single_instance(input_dict["pushed_model"])
    path = pushed.get_string_custom_property("pushed_destination")
    if not path:
        return None
    report = artifact_utils.get_single_uri(input_dict["report"])
    return describe(path, model, report=report, lineage=lineage)


def _register(given: Registration | None, output: types.Artifact, place: Place) -> list[str]:
    """Registers; returns what became of it, in words."""
    options, told = place.options, []
    try:
        with open_registry(options.uri, place.model, timeout=options.timeout_seconds) as registry:
            for each in make_up(place.waiting, registry):
                became = "was registered late" if each.registered else each.problem
                told.append(f"version {each.version}: {became}")
            if given is None:
                return ["nothing was pushed, so nothing was registered", *told]
            return [_registered(registry, given, output, options.alias), *told]
    except RegistryError as error:  # serving goes on, and so does the run
        logging.warning("%s: %s", options.uri, error)
        if given is None:
            return [f"nothing was pushed; the registry did not answer: {error}", *told]
        return [_waits(given, output, place, str(error)), *told]


def _registered(
    registry: Registry, given: Registration, output: types.Artifact, alias: Alias | None
) -> str:
    number = given.serving_version
    known = any(each.serving_version == number for each in registry.versions())
    made = registry.register(given, alias=alias)
    io_utils.write_string_file(os.path.join(output.uri, _FILE), made.to_json())
    did = "registered already" if known else "registered"
    on = f", {' and '.join(made.aliases)}" if made.aliases else ""
    return f"{did} as version {number} of {registry.model}{on}"


def _waits(given: Registration, output: types.Artifact, place: Place, reason: str) -> str:
    io_utils.write_string_file(os.path.join(output.uri, _FILE), given.to_json())
    try:
        keep(place.waiting, given, place.options.alias or "", reason)
    except OSError as error:
        logging.error("%s", error)
        return (
            f"version {given.serving_version} was not registered, and could not be written down to "
            f"be so later: {error}"
        )
    return (
        f"version {given.serving_version} waits to be registered, by the next run or "
        f"`segue registry sync`: {reason}"
    )


def _spans(ingested: types.Artifact) -> str:
    numbers = sorted(int(number) for number in summary.read(ingested).spans)
    return "-".join(str(number) for number in dict.fromkeys((*numbers[:1], *numbers[-1:])))


def _made_by(uri: str) -> tuple[str, str]:
    """The job and the execution that made an artifact, as far as its path tells them.

    That is .../Pusher/pushed_model/31 here, where an executor is told its run, and
    .../JOB/Pusher_5012/pushed_model on Vertex, where it is told none.
    """
    *_, job, component, name = ("", "", *uri.rstrip("/").split("/"))
    return ("", name) if name.isdecimal() else (job, component.rpartition("_")[2])
