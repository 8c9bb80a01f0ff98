"""A pipeline's tasks as Vertex reports them."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Final

#: Lies beside a task's output file when the task failed: what its container said last.
ERROR_FILE: Final = "error.txt"
#: States of a job that it does not leave.
ENDED: Final = frozenset(
    {"PIPELINE_STATE_SUCCEEDED", "PIPELINE_STATE_FAILED", "PIPELINE_STATE_CANCELLED"}
)


@dataclasses.dataclass(frozen=True)
class Task:
    """A component of a run.

    Attributes:
        key: what no other task of the run has.
        name: of the component.
        state: as Vertex calls it, such as "RUNNING".
        seconds: how long it ran, None while that is not known.
        error: why it failed.
        folders: where its container may have left files, likeliest first.
        logs: a command that shows its log.
        artifacts: addresses of what it made, by type, such as "tfx.Model".
    """

    key: str
    name: str
    state: str
    seconds: float | None
    error: str
    folders: tuple[str, ...]
    logs: str
    artifacts: Mapping[str, str]

    @property
    def cached(self) -> bool:
        """Whether Vertex took the results of an earlier run."""
        return self.state == "SKIPPED"


def tasks(job: Any, project: str) -> list[Task]:
    """The tasks that a job has started, in that order.

    Args:
        job: a `PipelineJob`.
        project: whose logs are looked at.
    """
    details = list(job.job_detail.task_details)
    names = set(_names(job.pipeline_spec))
    # The pipeline itself is among them.
    known = [detail for detail in details if detail.task_name in names] if names else details
    found = [_task(job, detail, project) for detail in known]
    started = {str(d.task_id) or d.task_name: _when(d.start_time or d.create_time) for d in known}
    return sorted(found, key=lambda task: started.get(task.key) or float("inf"))


def _names(specification: Any) -> Iterator[str]:
    """The names of the tasks of a pipeline and of those inside it."""
    if not specification:
        return
    inner = (specification.get("components") or {}).values()
    for component in (specification.get("root") or {}, *inner):
        yield from ((component.get("dag") or {}).get("tasks") or {}).keys()


def _task(job: Any, detail: Any, project: str) -> Task:
    outputs = {
        artifact.schema_title or key: artifact.uri
        for key, made in detail.outputs.items()
        for artifact in made.artifacts
        if artifact.uri
    }
    start, end = _when(detail.start_time), _when(detail.end_time)
    name, job_id = job.name.split("/"), job.name.rpartition("/")[2]
    root = job.runtime_config.gcs_output_directory.rstrip("/")
    folders = [uri.rstrip("/").rpartition("/")[0] for uri in outputs.values()]
    if root and len(name) > 1:
        folders.append(f"{root}/{name[1]}/{job_id}/{detail.task_name}_{detail.task_id}")
    return Task(
        key=str(detail.task_id) or detail.task_name,
        name=detail.task_name,
        state=detail.state.name,
        seconds=end - start if start and end else None,
        error=detail.error.message if detail.error else "",
        folders=tuple(dict.fromkeys(folders)),
        logs=_logs(detail, job_id, project),
        artifacts=outputs,
    )


def _logs(detail: Any, job_id: str, project: str) -> str:
    """The command that reads a task's log; that of the pipeline where it has no container yet."""
    main = detail.executor_detail.container_detail.main_job.rpartition("/")[2]
    main = main or detail.executor_detail.custom_job_detail.job.rpartition("/")[2]
    condition = (
        f'resource.type="ml_job" AND resource.labels.job_id="{main}"'
        if main
        else 'resource.type="aiplatform.googleapis.com/PipelineJob" AND '
        f'resource.labels.pipeline_job_id="{job_id}"'
    )
    return f"gcloud logging read {shlex.quote(condition)} --project={project} --limit=200"


def _when(moment: Any) -> float | None:
    """Seconds since 1970, None where a moment is not set."""
    seconds = moment.timestamp() if moment else 0.0
    return seconds or None
