"""Dataflow's jobs API (v1b3): takes a job, executes its graph in clean workers, and tells of it."""

from __future__ import annotations

import dataclasses
import datetime
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from apache_beam.portability.api import beam_runner_api_pb2

from tests.standins.cloud import Answer, Refused, Request
from tests.standins.storage import Storage

HOST = "dataflow.googleapis.com"

_JOBS = re.compile(
    r"/v1b3/projects/([^/]+)/locations/([^/]+)/jobs(?:/([^/]+)(?:/(messages|metrics))?)?"
)
_JOB_PROGRAM = pathlib.Path(__file__).with_name("dataflow_job.py")
_ENDED = ("JOB_STATE_DONE", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED")


@dataclasses.dataclass
class Job:
    """A job that was submitted.

    Attributes:
        request: the body that created it.
        graph: the pipeline's protocol buffer, as it was staged.
        state: where it is, a JOB_STATE.
        messages: importance and text, in order.
        metrics: as the API tells them.
        process: what executes it.
    """

    id: str
    request: dict[str, Any]
    graph: bytes
    state: str = "JOB_STATE_PENDING"
    messages: list[dict[str, str]] = dataclasses.field(default_factory=list)
    metrics: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    process: subprocess.Popen[str] | None = None

    @property
    def name(self) -> str:
        return self.request["name"]

    @property
    def pipeline(self) -> beam_runner_api_pb2.Pipeline:
        return beam_runner_api_pb2.Pipeline.FromString(self.graph)

    def tell(self, importance: str, text: str) -> None:
        self.messages.append(
            {
                "id": f"{len(self.messages):016d}",
                "time": _now(),
                "messageImportance": f"JOB_MESSAGE_{importance}",
                "messageText": text,
            }
        )


class Dataflow:
    """Jobs, as a service of `cloud.running`.

    Args:
        storage: where graphs are staged.
        start_seconds: how long a job is pending.

    Attributes:
        jobs: all of them, in the order in which they came.
        environment: of the workers, set once it is known; they inherit nothing else.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        start_seconds: float = 0.5,
    ) -> None:
        self.jobs: list[Job] = []
        self.environment: dict[str, str] = {}
        self._storage = storage
        self._start_seconds = start_seconds
        self._failures: dict[str, str] = {}
        self._lock = threading.Lock()

    def fail(self, part: str, message: str) -> None:
        """Lets the jobs whose name has that part fail with a message, in place of running."""
        self._failures[part] = message

    def __call__(self, request: Request) -> Answer:
        found = _JOBS.fullmatch(request.path)
        if found is None:
            raise Refused(501, f"{request.method} {request.path}")
        project, region, job_id, about = found.groups()
        if job_id is None:
            if request.method != "POST":
                asked = [
                    job
                    for job in self.jobs
                    if request.query.get("filter") != "ACTIVE" or job.state not in _ENDED
                ]
                return Answer({"jobs": [_public(job, project, region) for job in asked]})
            return Answer(_public(self._create(request.json()), project, region))
        job = next((job for job in self.jobs if job.id == job_id), None)
        if job is None:
            raise Refused(404, f"({job_id}): Information about the job could not be found.")
        if about == "messages":
            return Answer({"jobMessages": job.messages})
        if about == "metrics":
            return Answer({"metricTime": _now(), "metrics": job.metrics})
        if request.method == "PUT":
            self._cancel(job, request.json().get("requestedState"))
        return Answer(_public(job, project, region))

    def _create(self, body: dict[str, Any]) -> Job:
        with self._lock:
            for other in self.jobs:
                if other.name == body["name"] and other.state not in _ENDED:
                    raise Refused(409, f"There is already an active job named {other.name}.")
            options = body["environment"]["sdkPipelineOptions"]["options"]
            job = Job(_job_id(), body, self._storage.get(options["pipelineUrl"]))
            self.jobs.append(job)
        threading.Thread(target=self._run, args=(job,), daemon=True).start()
        return job

    def _run(self, job: Job) -> None:
        threading.Event().wait(self._start_seconds)
        if job.state in _ENDED:
            return
        job.state = "JOB_STATE_RUNNING"
        job.tell("BASIC", "Worker pool started.")
        if message := next((text for part, text in self._failures.items() if part in job.name), ""):
            self._end(job, "JOB_STATE_FAILED", message)
            return
        with tempfile.TemporaryDirectory() as folder:
            graph, result = pathlib.Path(folder, "graph"), pathlib.Path(folder, "result")
            graph.write_bytes(job.graph)
            job.process = subprocess.Popen(
                [sys.executable, str(_JOB_PROGRAM), str(graph), str(result)],
                cwd=folder,
                env=self.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            _, told = job.process.communicate()
            if job.process.returncode == 0:
                job.metrics = json.loads(result.read_text())
                self._end(job, "JOB_STATE_DONE")
            else:
                self._end(job, "JOB_STATE_FAILED", told[-20_000:])

    def _cancel(self, job: Job, wanted: str | None) -> None:
        if wanted != "JOB_STATE_CANCELLED" or job.state in _ENDED:
            raise Refused(400, f"a job in {job.state} does not become {wanted}")
        self._end(job, wanted)
        if job.process:
            job.process.kill()

    def _end(self, job: Job, state: str, message: str = "") -> None:
        with self._lock:
            if job.state in _ENDED:
                return
            if message:
                job.tell("ERROR", message)
            job.state = state


def counters(metrics: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The committed sums of counters by name, over all steps."""
    sums: dict[str, int] = {}
    for metric in metrics:
        name = metric["name"]
        if "tentative" not in name["context"]:
            sums[name["name"]] = sums.get(name["name"], 0) + metric["scalar"]
    return sums


def _public(job: Job, project: str, region: str) -> dict[str, Any]:
    return {
        **job.request,
        "id": job.id,
        "projectId": project,
        "location": region,
        "currentState": job.state,
        "createTime": _now(),
    }


def _job_id() -> str:
    now = datetime.datetime.now(datetime.timezone.utc)
    return f"{now:%Y-%m-%d_%H_%M_%S}-{random.randrange(10**18, 10**19)}"


def _now() -> str:
    now = datetime.datetime.now(datetime.timezone.utc)
    return now.isoformat(timespec="microseconds").replace("+00:00", "Z")
