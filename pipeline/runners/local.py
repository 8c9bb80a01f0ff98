"""Runs everything on this machine: ingest, the DAG on the DirectRunner, results and report."""

from __future__ import annotations

import dataclasses
import datetime
import logging
import os
import shlex
import time
from typing import Any

import rich.console

from pipeline.config import PipelineConfig
from pipeline.console import log_capture, progress
from pipeline.console import run_console as consoles
from schema.documents import RunMetrics
from schema.layout import Layout


class RunFailedError(RuntimeError):
    """The run ended early; the console has told where and why."""


@dataclasses.dataclass(frozen=True)
class RunResult:
    """What a run led to.

    Attributes:
        metrics: metrics.json.
        report: path of the HTML report.
    """

    metrics: RunMetrics
    report: str


def run(config: PipelineConfig) -> RunResult:
    """Runs the whole of Segue and shows it on the console.

    Args:
        config: what to run, with local paths.

    Raises:
        RunFailedError: if a component fails.
    """
    started = datetime.datetime.now().astimezone()
    log = os.path.join(Layout.under(config.out).logs, f"run-{started:%Y%m%d-%H%M%S}.log")
    with log_capture.console_apart(log) as stream:
        console = consoles.RunConsole(rich.console.Console(file=stream))
        console.start(f"Segue: {config.candidate} on {config.data}", log)
        with progress.progress_to(console):
            return _run(config, console, started.isoformat(timespec="seconds"))


def _run(config: PipelineConfig, console: consoles.RunConsole, started: str) -> RunResult:
    # Importing TFX takes longer than the first component; the console should be there before.
    from tfx import v1 as tfx

    from components.data_gate import executor as data_gate
    from components.ingest import job as ingest
    from pipeline import dag, results
    from pipeline.console import summaries
    from pipeline.runners import launch
    from report.build import build_report

    seconds: dict[str, float] = {}
    nodes: dict[str, launch.NodeResult] = {}

    def failed(name: str, elapsed: float, cause: BaseException) -> RunFailedError:
        logging.getLogger("segue").error("%s failed", name, exc_info=cause)
        console.component_failed(name, elapsed, _explain(cause))
        return RunFailedError(f"{name} failed: {cause}")

    def finished(result: launch.NodeResult) -> None:
        nodes[result.node_id] = result
        seconds[result.node_id] = result.seconds
        summary = summaries.summarise(result.node_id, result.outputs)
        console.component_finished(result.node_id, result.seconds, summary, result.cached)
        if result.node_id == "ExampleValidator":
            found = data_gate.read_anomalies(result.outputs["anomalies"][0])
            console.anomalies([dataclasses.asdict(anomaly) for anomaly in found])
        if result.node_id == "DataGate":
            found = data_gate.read_anomalies(result.outputs["comparison"][0])
            console.anomalies([dataclasses.asdict(anomaly) for anomaly in found])

    paths = dag.Paths.under(config).with_schema_pinned(config.out)
    console.component_started("Ingest")
    clock = time.monotonic()
    try:
        ingested = ingest.ingest(
            config.data,
            paths.tfrecords,
            shards=config.ingest.shards,
            max_reject_share=config.ingest.max_reject_share,
            beam_pipeline_args=list(config.beam.pipeline_args),
        )
    except Exception as error:
        raise failed("Ingest", time.monotonic() - clock, error) from error
    seconds["Ingest"] = time.monotonic() - clock
    console.component_finished(
        "Ingest", seconds["Ingest"], _ingest_summary(ingested), ingested.skipped
    )

    metadata_path = Layout.under(config.out).metadata
    try:
        built = dag.create_pipeline(
            config,
            paths,
            tfx.orchestration.metadata.sqlite_metadata_connection_config(metadata_path),
        )
        launch.launch(built, console.component_started, finished)
    except launch.NodeFailedError as error:
        cause = error.__cause__ or error
        raise failed(error.node_id, error.seconds, cause) from error

    console.component_started("Report")
    clock = time.monotonic()
    try:
        metrics = results.write_results(config, ingested, nodes, seconds, started)
        report = str(build_report(Layout.under(config.out).report))
    except Exception as error:
        raise failed("Report", time.monotonic() - clock, error) from error
    console.component_finished("Report", time.monotonic() - clock, "", False)
    console.models_table(metrics)
    console.verdict(metrics)
    console.finish(report, _next_command(config, paths.serving))
    return RunResult(metrics=metrics, report=report)


def _explain(cause: BaseException) -> str:
    """What a user can make use of: Segue's own words whole, of other messages the ends."""
    lines = [line for line in str(cause).splitlines() if line.strip()] or [type(cause).__name__]
    if isinstance(cause, RuntimeError | ValueError) and len(lines) <= consoles.MAX_LINES:
        return "\n".join(lines)
    return lines[0] if len(lines) == 1 else f"{lines[0]}\n{lines[-1]}"


def _ingest_summary(ingested: Any) -> str:
    text = (
        f"{ingested.playlists:,} playlists with {ingested.tracks:,} tracks "
        f"in {ingested.files:,} files"
    )
    rejected = sum(ingested.rejects.values())
    if rejected:
        reasons = ", ".join(f"{reason} {count}" for reason, count in ingested.rejects.items())
        text += f" · {rejected:,} rejects ({reasons})"
    return text


def _next_command(config: PipelineConfig, serving: str) -> str:
    """What to type next: to serve what was pushed, in this run or an earlier one, if anything."""
    if not os.path.isdir(serving) or not os.listdir(serving):
        return ""
    return "make serve" if config.out == "out" else f"make serve OUT={shlex.quote(config.out)}"
