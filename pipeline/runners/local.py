"""Runs the DAG on this machine."""

from __future__ import annotations

import dataclasses
import datetime
import errno
import json
import logging
import os
import shlex
import tempfile
from typing import Any

import rich.console

from pipeline.config import PipelineConfig
from pipeline.console import log_capture, progress
from pipeline.console import run_console as consoles
from schema import documents, output_lock
from schema.layout import PAGE_FILE, Layout


class RunFailedError(RuntimeError):
    """The run ended early; the console says where and why."""


@dataclasses.dataclass(frozen=True)
class RunResult:
    """What a run led to.

    Attributes:
        metrics: metrics.json.
        report: path of the HTML report.
    """

    metrics: documents.RunMetrics
    report: str


def run(config: PipelineConfig) -> RunResult:
    """Runs the whole of Segue and shows it on the console.

    Args:
        config: what to run, with local paths.

    Raises:
        RunFailedError: if a component fails.
        InUseError: if another run writes to `config.out`.
        OSError: if nothing can be written to `config.out`.
    """
    _refuse_patterns(config.out, tempfile.gettempdir())
    with output_lock.taken(config.out, "segue run"):
        return _run_alone(config)


def _run_alone(config: PipelineConfig) -> RunResult:
    started = datetime.datetime.now().astimezone()
    log = os.path.join(Layout.under(config.out).logs, f"run-{started:%Y%m%d-%H%M%S}.log")
    with log_capture.console_apart(log) as stream:
        console = consoles.RunConsole(rich.console.Console(file=stream))
        console.start(f"Segue: {config.candidate} on {config.data}", log)
        with progress.progress_to(console):
            return _run(config, console, started, f"{log.removesuffix('.log')}.seconds.json")


def _refuse_patterns(*folders: str) -> None:
    """TensorFlow and TFX find files by pattern, and the folder's name is a part of it."""
    for folder in map(os.path.abspath, folders):
        if set(folder) & set("*?["):
            message = f"TensorFlow takes a path with *, ? or [ for a pattern, as in {folder}"
            raise OSError(errno.EINVAL, message)


def _run(
    config: PipelineConfig,
    console: consoles.RunConsole,
    started: datetime.datetime,
    seconds_file: str,
) -> RunResult:
    # Importing TFX takes longer than the first component; the console should be there before.
    from tfx import v1 as tfx

    from pipeline import dag
    from pipeline.runners import launch, repair

    paths = dag.Paths.under(config).with_schema_pinned(config.out)
    metadata = Layout.under(config.out).metadata
    store = tfx.orchestration.metadata.sqlite_metadata_connection_config(metadata)
    if os.path.exists(metadata) and (gone := repair.forget_missing(store)):
        console.note(
            f"{gone} results of earlier runs are gone from where {metadata} knows them: what is "
            "needed of them is made again"
        )
    seen = _Shown(console, os.path.abspath(seconds_file))
    try:
        built = dag.create_pipeline(
            config,
            paths,
            store,
            started=started,
            seconds_file=seen.seconds_file,
        )
        launch.launch(built, console.component_started, seen.finished)
    except launch.NodeFailedError as error:
        cause = error.__cause__ or error
        raise _failed(console, error.node_id, error.seconds, cause) from error

    metrics = documents.RunMetrics.model_validate_json(
        _read(os.path.join(seen.report, documents.METRICS_FILE))
    )
    console.models_table(metrics)
    console.verdict(metrics)
    page = os.path.join(Layout.under(config.out).report, PAGE_FILE)
    console.finish(page, _next_command(config, paths.serving))
    return RunResult(metrics=metrics, report=page)


class _Shown:
    """Shows each node that ends, and keeps what the report and the end of the run need of it.

    Args:
        console: where to show.
        seconds_file: where to keep what each node took, for the Report component.
    """

    def __init__(self, console: consoles.RunConsole, seconds_file: str) -> None:
        self.seconds: dict[str, float] = {}
        self.seconds_file = seconds_file
        self.report = ""
        self._console = console

    def took(self, name: str, seconds: float) -> None:
        """Keeps what a node took."""
        self.seconds[name] = seconds
        with open(self.seconds_file, "w", encoding="utf-8") as file:
            json.dump(self.seconds, file, indent=1)

    def finished(self, node: Any) -> None:
        """Shows a node's result, a `launch.NodeResult`."""
        from tfx.types import standard_artifacts

        from components.data_gate.anomalies import read_anomalies
        from components.report.component import RunReport
        from pipeline.console import summaries

        self.took(node.node_id, node.seconds)
        summary = summaries.summarise(node.outputs, node.looked_for)
        self._console.component_finished(node.node_id, node.seconds, summary, node.cached)
        for artifact in node.of_type(standard_artifacts.ExampleAnomalies):
            self._console.anomalies(read_anomalies(artifact))
        for artifact in node.of_type(RunReport):
            self.report = artifact.uri


def _failed(
    console: consoles.RunConsole, name: str, seconds: float, cause: BaseException
) -> RunFailedError:
    logging.getLogger("segue").error("%s failed", name, exc_info=cause)
    console.component_failed(name, seconds, _explain(cause))
    return RunFailedError(f"{name} failed: {cause}")


def _explain(cause: BaseException) -> str:
    """What a user can make use of: Segue's own words whole, of other messages the ends."""
    lines = [line for line in str(cause).splitlines() if line.strip()] or [type(cause).__name__]
    if isinstance(cause, RuntimeError | ValueError) and len(lines) <= consoles.MAX_LINES:
        return "\n".join(lines)
    return lines[0] if len(lines) == 1 else f"{lines[0]}\n{lines[-1]}"


def _next_command(config: PipelineConfig, serving: str) -> str:
    """What to type next: to serve what was pushed, in this run or an earlier one, if anything."""
    if not os.path.isdir(serving) or not os.listdir(serving):
        return ""
    return "make serve" if config.out == "out" else f"make serve OUT={shlex.quote(config.out)}"


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()
