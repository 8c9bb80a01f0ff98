"""The part of the Vertex API that submits, follows and schedules pipelines.

A job goes on with each look at it, a task a look, so that nothing depends on time.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from typing import Any

from tests.standins.google import Asked, Refused

_PARENT = r"/v1/(projects/[^/]+/locations/[^/]+)"
_JOBS = re.compile(_PARENT + "/pipelineJobs")
_JOB = re.compile(_PARENT + "/pipelineJobs/([^/:]+)(:cancel)?")
_SCHEDULES = re.compile(_PARENT + "/schedules")
_SCHEDULE = re.compile(_PARENT + "/schedules/([^/:]+)(:pause|:resume)?")

_WHEN = "2031-05-06T07:08:{:02}Z"


@dataclasses.dataclass
class Vertex:
    """Jobs and schedules, as a service of `google.running`.

    Attributes:
        other_ids: whether jobs get ids of the server's own.
        failing: error messages of the tasks that fail.
        cached: the tasks whose earlier results are taken.
        artifacts: of each task, the artifacts that it makes: type and address.
        hides: how many looks do not find a job that there is.
        jobs: by name, as JSON.
        schedules: by name, as JSON.
        resumed: what was resumed, and whether it catches up.
    """

    other_ids: bool = False
    failing: dict[str, str] = dataclasses.field(default_factory=dict)
    cached: tuple[str, ...] = ()
    hides: int = 0
    artifacts: dict[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    schedules: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    resumed: list[tuple[str, bool]] = dataclasses.field(default_factory=list)
    _ids: Any = dataclasses.field(default_factory=lambda: itertools.count(7001))

    def __call__(self, asked: Asked) -> Any:
        if found := _JOBS.fullmatch(asked.path):
            return self._start(found[1], asked) if asked.method == "POST" else self._listed(asked)
        if found := _JOB.fullmatch(asked.path):
            name = f"{found[1]}/pipelineJobs/{found[2]}"
            if name not in self.jobs or self._is_hidden():
                raise Refused(404, "NOT_FOUND", f"no job {found[2]}")
            return self._cancel(name) if found[3] else self._look(name)
        if found := _SCHEDULES.fullmatch(asked.path):
            return self._schedule(found[1], asked)
        if found := _SCHEDULE.fullmatch(asked.path):
            return self._scheduled(f"{found[1]}/schedules/{found[2]}", found[3], asked)
        return None

    def _start(self, parent: str, asked: Asked) -> Any:
        asked_id = asked.query.get("pipelineJobId", [""])[0]
        job_id = str(next(self._ids)) if self.other_ids else asked_id
        name = f"{parent}/pipelineJobs/{job_id}"
        if name in self.jobs:
            raise Refused(409, "ALREADY_EXISTS", f"{job_id} exists")
        times = {"createTime": _WHEN.format(0), "updateTime": _WHEN.format(0)}
        self.jobs[name] = {**asked.json, **times, "name": name, "state": "PIPELINE_STATE_PENDING"}
        return self.jobs[name]

    def _listed(self, asked: Asked) -> Any:
        """The newest first, in pages of two at most, whatever is asked for."""
        shown = [] if self._is_hidden() else list(self.jobs.values())
        shown.sort(key=lambda job: job["createTime"], reverse=True)
        first = int(asked.query.get("pageToken", ["0"])[0])
        more = {"nextPageToken": str(first + 2)} if len(shown) > first + 2 else {}
        return {"pipelineJobs": shown[first : first + 2], **more}

    def _is_hidden(self) -> bool:
        self.hides -= 1
        return self.hides >= 0

    def _look(self, name: str) -> Any:
        job = self.jobs[name]
        if job["state"] in ("PIPELINE_STATE_PENDING", "PIPELINE_STATE_RUNNING"):
            self._advance(job)
        if job["state"] == "PIPELINE_STATE_CANCELLING":
            job["state"] = "PIPELINE_STATE_CANCELLED"
        return job

    def _advance(self, job: dict[str, Any]) -> None:
        details = job.setdefault("jobDetail", {"taskDetails": []})["taskDetails"]
        if not details:  # the pipeline itself is listed as a task too
            details.append({"taskId": "1", "taskName": job["displayName"], "state": "RUNNING"})
        job["state"] = "PIPELINE_STATE_RUNNING"
        if len(details) > 1 and not self._end(details[-1], job):
            details[0]["state"] = "FAILED"
            return
        tasks = _ordered(job["pipelineSpec"]["root"]["dag"]["tasks"])
        if len(details) > len(tasks):
            job["state"] = "PIPELINE_STATE_SUCCEEDED"
            details[0]["state"] = "SUCCEEDED"
            return
        number = len(details)
        details.append(
            {
                "taskId": str(-(10**15) * number),
                "parentTaskId": "1",
                "taskName": tasks[number - 1],
                "state": "RUNNING",
                "startTime": _WHEN.format(number),
                "executorDetail": {
                    "containerDetail": {"mainJob": f"projects/77/locations/r/customJobs/{number}"}
                },
            }
        )

    def _end(self, task: dict[str, Any], job: dict[str, Any]) -> bool:
        name = task["taskName"]
        task["endTime"] = _WHEN.format(30)
        if message := self.failing.get(name):
            task |= {"state": "FAILED", "error": {"code": 9, "message": message}}
            job |= {"state": "PIPELINE_STATE_FAILED", "error": {"code": 9, "message": "a task"}}
            return False
        task["state"] = "SKIPPED" if name in self.cached else "SUCCEEDED"
        if made := self.artifacts.get(name):
            kind, uri = made
            schema = f"title: {kind}"
            artifact = {"name": "projects/77/artifacts/1", "uri": uri, "schemaTitle": schema[7:]}
            task["outputs"] = {"out": {"artifacts": [artifact]}}
        return True

    def _cancel(self, name: str) -> Any:
        self.jobs[name]["state"] = "PIPELINE_STATE_CANCELLING"
        return {}

    def _schedule(self, parent: str, asked: Asked) -> Any:
        if asked.method == "GET":
            return {"schedules": list(self.schedules.values())}
        name = f"{parent}/schedules/{next(self._ids)}"
        ahead = {"name": name, "state": "ACTIVE", "nextRunTime": _WHEN.format(59)}
        self.schedules[name] = {**asked.json, **ahead}
        return self.schedules[name]

    def _scheduled(self, name: str, verb: str | None, asked: Asked) -> Any:
        if name not in self.schedules:
            raise Refused(404, "NOT_FOUND", f"no {name}")
        wanted = {":pause": "PAUSED", ":resume": "ACTIVE"}.get(verb or "")
        if asked.method == "DELETE":
            del self.schedules[name]
            return {"name": f"{name}/operations/5", "done": True, "response": {}}
        if wanted is None:
            return self.schedules[name]
        if self.schedules[name]["state"] == wanted:
            raise Refused(400, "FAILED_PRECONDITION", f"it is {wanted} already")
        self.schedules[name]["state"] = wanted
        if wanted == "ACTIVE":
            self.resumed.append((name, bool(asked.json.get("catchUp"))))
        return {}


def _ordered(tasks: dict[str, Any]) -> list[str]:
    """The names of tasks, each after those that it depends on."""
    done: list[str] = []
    while len(done) < len(tasks):
        left = (name for name in sorted(tasks) if name not in done)
        done.append(next(n for n in left if set(tasks[n].get("dependentTasks", ())) <= {*done}))
    return done
