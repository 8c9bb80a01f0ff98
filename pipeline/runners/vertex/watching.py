"""Follows a job to its end and shows each component as its state changes."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any, Final

from pipeline.console.run_console import RunConsole
from pipeline.runners.vertex import connection, storage
from pipeline.runners.vertex.client import MissingError, VertexClient
from pipeline.runners.vertex.connection import CloudError
from pipeline.runners.vertex.tasks import ENDED, ERROR_FILE, Task, tasks
from schema.documents import METRICS_FILE, RunMetrics
from schema.layout import PAGE_FILE

_LAST_LINES: Final = 8
#: So many looks in a row a job may be missing: one that has just started is not shown everywhere.
_MISSING: Final = 20
_REPORT_TYPE: Final = "RunReport"


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a job ended.

    Attributes:
        state: "succeeded", "failed" or "cancelled"; "running" of one that has not ended.
        tasks: of the job, as they were last.
        error: what failed, "" where nothing did.
        report: the folder of its report, None where it has none.
    """

    state: str
    tasks: list[Task]
    error: str = ""
    report: str | None = None


class Watch:
    """Shows a job's components, each state once.

    Args:
        console: where to show.
        store: reads what failed containers left.
        project: whose logs are looked at.
    """

    def __init__(self, console: RunConsole, store: storage.TextStore, project: str) -> None:
        self._console = console
        self._store = store
        self._project = project
        self._shown: dict[str, str] = {}

    def show(self, job: Any) -> list[Task]:
        """Shows what has changed since the last look, and returns all tasks."""
        found = tasks(job, self._project)
        for task in found:
            before, self._shown[task.key] = self._shown.get(task.key), task.state
            if task.state != before:
                self._changed(task, before)
        return found

    def _changed(self, task: Task, before: str | None) -> None:
        seconds = task.seconds or 0.0
        if task.state == "RUNNING":
            self._console.component_started(task.name)
        elif task.state in ("SUCCEEDED", "SKIPPED"):
            self._console.component_finished(task.name, seconds, "", task.cached)
        elif task.state == "NOT_TRIGGERED":
            self._console.component_finished(
                task.name, seconds, "not run: its condition does not hold", False
            )
        elif task.state == "CANCELLED":
            self._console.component_failed(task.name, seconds, "cancelled")
        elif task.state == "FAILED":
            self._console.component_failed(task.name, seconds, self._why(task))

    def _why(self, task: Task) -> str:
        lines = [task.error or "Vertex gives no reason."]
        if left := self._left(task):
            lines += ["Its last lines:", *left.strip().splitlines()[-_LAST_LINES:]]
        return "\n".join((*lines, f"Its log: {task.logs}"))

    def _left(self, task: Task) -> str | None:
        """What the container said last; None where it left nothing, or that cannot be read."""
        try:
            found = (self._store.read(f"{folder}/{ERROR_FILE}") for folder in task.folders)
            return next((text for text in found if text), None)
        except CloudError:
            return None


def follow(
    client: VertexClient,
    name: str,
    watch: Watch,
    sleep: Callable[[float], None] = time.sleep,
) -> Ended:
    """Looks at a job until it has ended.

    Args:
        client: asks for it.
        name: the whole name of the job.
        watch: shows it.
        sleep: waits so many seconds.

    Raises:
        CloudError: it cannot be looked at any more; the job itself goes on.
    """
    waits, missing = connection.waits(), 0
    while True:
        try:
            job = client.job(name)
        except MissingError:
            missing += 1
            if missing > _MISSING:
                raise
            sleep(next(waits))
            continue
        missing = 0
        found = watch.show(job)
        if job.state.name in ENDED:
            return state_of(job, found)
        sleep(next(waits))


def state_of(job: Any, found: list[Task]) -> Ended:
    """How a job stands, of which `found` are the tasks."""
    if job.state.name not in ENDED:
        return Ended("running", found)
    state = job.state.name.removeprefix("PIPELINE_STATE_").lower()
    if state == "succeeded":
        return Ended(state, found, report=_report(found))
    error = "; ".join(
        f"{task.name} failed: {task.error or 'Vertex gives no reason'}"
        for task in found
        if task.state == "FAILED"
    )
    return Ended(state, found, error or job.error.message or f"The job is {state}.")


def _report(found: list[Task]) -> str | None:
    """The folder of a run's report, where its component says: another run's is not it."""
    for task in found:
        for kind, uri in task.artifacts.items():
            if kind.rpartition(".")[2] == _REPORT_TYPE:
                return uri
    return None


def show_results(
    console: RunConsole, store: storage.TextStore, report: str | None, link: str
) -> RunMetrics | None:
    """Shows metrics, verdict and links of a run that has ended well.

    Returns:
        metrics.json, None where it cannot be read.
    """
    metrics = None
    try:
        text = store.read(f"{report}/{METRICS_FILE}") if report else None
        metrics = RunMetrics.model_validate_json(text) if text else None
    except (CloudError, ValueError) as error:
        console.note(f"{report}/{METRICS_FILE} cannot be read: {error}")
    if metrics is not None:
        console.models_table(metrics)
        console.verdict(metrics)
    elif report:
        console.note(f"There are no metrics at {report}/{METRICS_FILE}.")
    console.link("Vertex", link)
    if report:
        console.link("Metrics", f"{report}/{METRICS_FILE}")
        console.finish(f"{report}/{PAGE_FILE}", "")
    else:
        console.note("The job names no report.")
        console.close()
    return metrics
