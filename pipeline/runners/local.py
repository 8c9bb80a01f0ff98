"""Runs the DAG on this machine."""

from __future__ import annotations

import dataclasses
import datetime
import json
import logging
import os
import shlex
from typing import Any

import rich.console

from pipeline.config import PipelineConfig
from pipeline.console import log_capture, progress
from pipeline.console import run_console as consoles
from pipeline.runners import plain_paths, shortcuts
from schema import documents, files, output_lock
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
        config: what to run, with a local `out`.

    Raises:
        RunFailedError: if a component fails.
        ClusterError: if the Flink cluster that the run names does not work.
        InUseError: if another run writes to `config.out`.
        OSError: if a place in `config.out` cannot be written to.
        MetadataError: if the metadata store cannot be reached or used.
        ConfigError: if the schema or the release record cannot be read, or `trending` holds what
            is withheld.
    """
    out, places = plain_paths.plain(config.out), Layout.under(config.out)
    # The last of them is written to when all is trained.
    for place in set(dataclasses.astuple(places)) - {places.metadata, places.releases}:
        files.check_directory(place)
    if config.metadata.host is None:
        files.check_writable(places.metadata)
    with plain_paths.plain_temporary_files(), output_lock.taken(config.out, "segue run"):
        return _run_alone(config, out)


def _run_alone(config: PipelineConfig, out: str) -> RunResult:
    started = datetime.datetime.now().astimezone()
    log = os.path.join(Layout.under(config.out).logs, f"{_run_name(started)}.log")
    shortcuts.collect_less()
    with log_capture.console_apart(log) as stream:
        console = consoles.RunConsole(rich.console.Console(file=stream))
        console.start(f"Segue: {config.candidate} on {config.data}", log)
        with progress.progress_to(console):
            return _run(config, out, console, started)


def _run(
    config: PipelineConfig,
    out: str,
    console: consoles.RunConsole,
    started: datetime.datetime,
) -> RunResult:
    # Importing TFX takes longer than the first component; the console should be there before.
    from google.protobuf import text_format
    from tfx.dsl.io import fileio
    from tfx.utils import io_utils

    from pipeline import dag, tables_check
    from pipeline.lifecycle import metadata, provenance
    from pipeline.runners import dataflow_jobs, flink_jobs, launch, repair
    from serving.protocol import ConfigError

    tables_check.check(config)
    # What cannot be reached or looked up is reported before anything is trained.
    given = dag.Paths.under(config)
    try:
        io_utils.SchemaReader().read(given.schema_file)
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ConfigError(f"{given.schema_file} is not a schema: {error}") from error
    file = Layout.under(config.out).metadata
    known_before = config.metadata.host is not None or os.path.exists(file)
    metadata.opened(config.metadata, file, writes=True)
    _look(given, config, console)
    # The libraries see the path without special characters, the user the one that was given.
    here = Layout.under(out)
    paths = dag.Paths.under(config.model_copy(update={"out": out}))
    paths = paths.with_schema_pinned()
    # What people look at is on this machine, wherever the rest lies.
    paths = dataclasses.replace(paths, report=here.report)
    seconds_file = os.path.join(here.logs, f"{_run_name(started)}.seconds.json")
    store = metadata.connection(config.metadata, file)
    # In a database there may be results of other directories, on other machines.
    below = None if config.metadata.host is None else paths.pipeline_root
    if known_before and (gone := repair.forget_missing(store, below)):
        console.note(
            f"{gone} results of earlier runs are gone from where "
            f"{metadata.name_of(config.metadata, file)} knows them: what is needed of them is made "
            "again"
        )
    seen, run_name = _Shown(console, seconds_file), f"{started:%Y%m%d-%H%M%S}"
    try:
        flink_jobs.wait_until_ready(config, run_name)
        built = dag.create_pipeline(
            config,
            paths,
            store,
            started=started,
            run_name=run_name,
            seconds_file=seen.seconds_file,
        )
        launch.launch(
            built,
            console.component_started,
            seen.finished,
            dataclasses.asdict(provenance.Provenance.of(config)),
        )
    except launch.NodeFailedError as error:
        cause = error.__cause__ or error
        if config.flink is not None and error.node_id in config.flink.chosen:
            cause = flink_jobs.explained(config.flink, cause)
        told = _explain(cause)
        if out != os.path.abspath(config.out):  # a link that the runner made
            told = told.replace(out, config.out)
        raise _failed(console, error.node_id, error.seconds, cause, told) from error
    except KeyboardInterrupt:
        for jobs in (dataflow_jobs, flink_jobs):
            jobs.cancel_and_tell(config, run_name, console.note)
        raise

    metrics = documents.RunMetrics.model_validate_json(
        io_utils.read_string_file(os.path.join(seen.report, documents.METRICS_FILE))
    )
    console.models_table(metrics)
    console.verdict(metrics)
    page = os.path.join(Layout.under(config.out).report, PAGE_FILE)
    pushed = fileio.isdir(paths.serving) and bool(fileio.listdir(paths.serving))
    console.finish(page, _next_command(config, paths.serving) if pushed else "")
    return RunResult(metrics=metrics, report=page)


def _look(given: Any, config: PipelineConfig, console: consoles.RunConsole) -> None:
    """Looks what is served before the run does, and says what a person should know of it."""
    from serving.registry import resolve

    found = resolve(
        given.serving,
        given.release_record,
        given.registry,
        config.registered_model,
        timeout=config.registry.timeout_seconds,
    )
    if found.note:
        console.note(f"{found.note[0].upper()}{found.note[1:]}.")


def _run_name(started: datetime.datetime) -> str:
    return f"run-{started:%Y%m%d-%H%M%S}"


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
        summary = summaries.summarise(node.outputs)
        self._console.component_finished(node.node_id, node.seconds, summary, node.cached)
        for artifact in node.of_type(standard_artifacts.ExampleAnomalies):
            self._console.anomalies(read_anomalies(artifact))
        for artifact in node.of_type(RunReport):
            self.report = artifact.uri


def _failed(
    console: consoles.RunConsole, name: str, seconds: float, cause: BaseException, told: str
) -> RunFailedError:
    logging.getLogger("segue").error("%s failed", name, exc_info=cause)
    console.component_failed(name, seconds, told)
    return RunFailedError(f"{name} failed: {told}")


def _explain(cause: BaseException) -> str:
    """What a user can make use of: Segue's own words whole, of other messages the ends."""
    lines = [line for line in str(cause).splitlines() if line.strip()] or [type(cause).__name__]
    if isinstance(cause, RuntimeError | ValueError) and len(lines) <= consoles.MAX_LINES:
        return "\n".join(lines)
    return lines[0] if len(lines) == 1 else f"{lines[0]}\n{lines[-1]}"


def _next_command(config: PipelineConfig, serving: str) -> str:
    """What to type next: to serve what was pushed, in this run or an earlier one."""
    if config.storage:
        return f"segue serve --model-base {serving}"
    return "make serve" if config.out == "out" else f"make serve OUT={shlex.quote(config.out)}"
