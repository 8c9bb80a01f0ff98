"""Executor of the Report component."""

from __future__ import annotations

import datetime
import json
import os
import tempfile
from typing import Any, Final

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import io_utils

from components import served_file
from components.ingest import summary
from components.report import documents, facts
from report.build import build_report
from schema import artifacts
from schema.documents import DETAILS_FILE, METRICS_FILE
from schema.rows import ROWS_FILE

#: What the keys of a family's inputs begin with; its name follows.
MODEL: Final = "model_of_"
MODEL_RUN: Final = "model_run_of_"
TUNING: Final = "tuner_results_of_"


class Executor(base_executor.BaseExecutor):
    """Writes the documents and the page, then copies them to where people look for them."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component; see `component.Report`."""
        ingested = artifact_utils.get_single_instance(input_dict["ingested"])
        found = _found(input_dict, json.loads(exec_properties["families"]))
        run = documents.Run(
            started=exec_properties["started"] or _now(),
            config=_config(exec_properties),
            gate=json.loads(exec_properties["gate"]),
            version=exec_properties["version"],
            ingested=summary.read(ingested),
            seconds=_seconds(exec_properties.get("seconds_file")),
        )
        report = artifact_utils.get_single_instance(output_dict["report"])
        with tempfile.TemporaryDirectory() as folder:
            for name, document in (
                (METRICS_FILE, documents.metrics(found, run)),
                (DETAILS_FILE, documents.details(found, run)),
            ):
                io_utils.write_string_file(os.path.join(folder, name), document.to_json())
            rows = os.path.join(folder, ROWS_FILE)
            fileio.copy(facts.rows_file(found.metrics), rows)
            build_report(folder)
            for target in (report.uri, exec_properties["destination"]):
                _copy(folder, target)
            names = ", ".join(sorted(os.listdir(folder)))
        report.set_string_custom_property(artifacts.SUMMARY, names)


def _found(input_dict: dict[str, list[types.Artifact]], families: list[str]) -> documents.Found:
    def one(key: str) -> types.Artifact:
        return artifact_utils.get_single_instance(input_dict[key])

    tuned = [family for family in families if TUNING + family in input_dict]
    return documents.Found(
        statistics=one("statistics"),
        anomalies=[one("anomalies"), one("comparison")],
        held_out=one("held_out"),
        transform_graph=one("transform_graph"),
        transformed=one("transformed"),
        evaluation=one("evaluation"),
        served=served_file.read(one("served")),
        metrics=one("metrics"),
        pushed_model=one("pushed_model"),
        models={family: one(MODEL + family) for family in families},
        model_runs={family: one(MODEL_RUN + family) for family in families},
        tuner_results={family: one(TUNING + family) for family in tuned},
    )


def _config(exec_properties: dict[str, Any]) -> dict[str, Any]:
    """The configuration; some of it may have been given for this run alone."""
    span = exec_properties["span"]
    return {
        **json.loads(exec_properties["config"]),
        "data": exec_properties["data"],
        "span": int(span) if span.isdecimal() else None,
        "gate": json.loads(exec_properties["gate"]),
    }


def _now() -> str:
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")


def _seconds(path: str | None) -> dict[str, float]:
    """What the runner has measured so far; nothing where it keeps no such file."""
    if not path or not fileio.exists(path):
        return {}
    with fileio.open(path, "r") as file:
        return json.loads(file.read())


def _copy(folder: str, target: str) -> None:
    """Puts each file in place whole: a reader sees the old one or the new one."""
    fileio.makedirs(target)
    for name in sorted(os.listdir(folder)):
        part = os.path.join(target, f".{name}.part")
        fileio.copy(os.path.join(folder, name), part, overwrite=True)
        fileio.rename(part, os.path.join(target, name), overwrite=True)
