"""Compiles the pipeline for Vertex AI and runs the specification here, container by container.

`make vertex-local`: what a submission runs in the cloud, without a cloud. Not imported, but run.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import reprlib
import sys
from collections.abc import Iterator
from typing import Any

import rich.console
from tfx.dsl.io import fileio
from tfx.utils import io_utils

from pipeline import dag
from pipeline.console.run_console import RunConsole
from pipeline.overrides import load_config
from pipeline.runners.vertex.compiling import compile_pipeline
from pipeline.runners.vertex.execution import Execution, TaskFailedError, TaskResult
from schema import artifacts, files
from schema.documents import METRICS_FILE, RunMetrics

#: What two runs of the same differ in: when they ran and what each took.
PASSING = ("created", "seconds", "fit_seconds", "pushed_version", "version", "started", "ingested")
TOLERANCE = 1e-6


def main() -> int:
    """Runs the specification; returns the exit code."""
    given = _arguments()
    fields = {"data": given.data, "out": given.out, "storage": given.storage}
    config = load_config(given.config, given.set, **fields)
    compiled = compile_pipeline(config, dag.Paths.under(config))
    out = os.path.abspath(config.out)
    for path, content in compiled.files.items():
        io_utils.write_string_file(path, content)
    files.write_text(
        os.path.join(out, "specification.json"), json.dumps(compiled.job, indent=1) + "\n"
    )
    logs = os.path.join(out, "logs")
    execution = Execution(compiled.job, logs, cache=os.path.join(out, "cache.json"))
    console = RunConsole(rich.console.Console())

    def finished(result: TaskResult) -> None:
        said = [each["metadata"].get(artifacts.SUMMARY) for each in result.outputs.values()]
        summary = next((text for text in said if text), "")
        console.component_finished(result.task, result.seconds, summary, result.cached)

    with console:
        console.start(f"Segue on Vertex's protocol: {len(execution.tasks)} components", logs)
        try:
            done = execution.run(console.component_started, finished, given.workers)
        except TaskFailedError as error:
            console.component_failed(error.task, 0.0, str(error))
            return 1
        report = done["Report"].outputs["report"]["uri"]
        with fileio.open(os.path.join(report, METRICS_FILE), "r") as file:
            metrics = RunMetrics.model_validate_json(file.read())
        console.models_table(metrics)
        console.verdict(metrics)
    return _compare(given.same_as, metrics) if given.same_as else 0


def _compare(other: str, metrics: RunMetrics) -> int:
    with open(os.path.join(other, "report", METRICS_FILE), encoding="utf-8") as file:
        expected = RunMetrics.model_validate_json(file.read())
    differing = list(differences(expected.model_dump(), metrics.model_dump()))
    for line in differing:
        print(line, file=sys.stderr)
    print(f"{len(differing)} values differ from those in {other}.")
    return 1 if differing else 0


def differences(expected: Any, found: Any, place: str = "") -> Iterator[str]:
    """Walks two documents and names each value that differs, but for times and versions."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted({*expected, *found} - {*PASSING}):
            where = f"{place}.{key}" if place else str(key)
            yield from differences(expected.get(key), found.get(key), where)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from differences(one, other, f"{place}.{index}")
    elif isinstance(expected, float) and isinstance(found, float):
        if not math.isclose(expected, found, rel_tol=0, abs_tol=TOLERANCE):
            yield f"{place}: {expected} and {found}"
    elif _without_version(expected) != _without_version(found):
        yield f"{place}: {reprlib.repr(expected)} and {reprlib.repr(found)}"


def _without_version(value: Any) -> Any:
    """A text without the number of the version that was pushed, which is a time."""
    return re.sub(r"\b\d{10}\b", "VERSION", value) if isinstance(value, str) else value


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", required=True, help="slices of playlists")
    parser.add_argument("--out", required=True, help="directory for all that is written")
    parser.add_argument("--storage", help="gs://BUCKET/FOLDER for artifacts; below OUT by default")
    parser.add_argument("--config", help="YAML file, as of segue run")
    parser.add_argument("--set", action="append", default=[], help="KEY=VALUE, as of segue run")
    parser.add_argument("--workers", type=int, default=2, help="components at a time; 2")
    parser.add_argument("--same-as", help="OUT of a segue run whose values have to be the same")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
