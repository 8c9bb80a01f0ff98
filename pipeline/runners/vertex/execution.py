"""Runs a compiled specification on this machine: each component as Vertex would run it."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from tfx.dsl.io import fileio

from pipeline.runners.vertex import values as parameter_values
from pipeline.runners.vertex.results_cache import ResultsCache, key_of
from pipeline.runners.vertex.tasks import ERROR_FILE

_PROJECT: Final = "1"
_ARTIFACTS: Final = f"projects/{_PROJECT}/locations/local/metadataStores/default/artifacts/"


@dataclasses.dataclass(frozen=True)
class TaskResult:
    """What became of a task.

    Attributes:
        task: its name, which is the component's id.
        seconds: wall time, 0 from the cache.
        cached: whether results of an earlier run were taken.
        outputs: its artifacts by key, as the specification's protocol describes them.
        parameters: its parameters, what was looked up included.
    """

    task: str
    seconds: float
    cached: bool
    outputs: dict[str, dict[str, Any]]
    parameters: dict[str, Any]


class TaskFailedError(RuntimeError):
    """A task's container ended with an error; the message is its last lines."""

    def __init__(self, task: str, log: str, told: str) -> None:
        super().__init__(told)
        self.task = task
        self.log = log


class Execution:
    """One run of a compiled job.

    Every command of a container runs in a process of its own, with the JSON that Vertex would put
    in the place of `{{$}}`, and nothing else is known to it.

    Args:
        job: a PipelineJob as JSON.
        logs: directory on this machine for a log of each task.
        values: of runtime parameters; those left out have their defaults.
        cache: a JSON file of earlier results; None: compute everything.
        environment: of the containers, beside what the job sets.
    """

    def __init__(
        self,
        job: Mapping[str, Any],
        logs: str,
        *,
        values: Mapping[str, Any] | None = None,
        cache: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        spec = job["pipelineSpec"]
        self.tasks: dict[str, Any] = spec["root"]["dag"]["tasks"]
        self._components = spec["components"]
        self._executors = spec["deploymentSpec"]["executors"]
        declared = parameter_values.declared(job)
        if unknown := sorted({*(values or {})} - {*declared}):
            raise ValueError(
                f"{unknown[0]} is no parameter of this pipeline; choose from "
                f"{', '.join(sorted(declared))}."
            )
        defaults = {name: each.get("defaultValue") for name, each in declared.items()}
        self._values = {**defaults, **(values or {})}
        self._folder = "/".join(
            (job["runtimeConfig"]["gcsOutputDirectory"], _PROJECT, f"local-{uuid.uuid4().hex[:8]}")
        )
        self._logs = logs
        self._cache = ResultsCache(cache)
        self._environment = {**os.environ, **(environment or {})}
        self._done: dict[str, TaskResult] = {}
        os.makedirs(logs, exist_ok=True)

    def run(
        self,
        on_start: Callable[[str], None],
        on_finish: Callable[[TaskResult], None],
        workers: int = 1,
    ) -> dict[str, TaskResult]:
        """Runs every task after those that it depends on.

        Args:
            on_start: called with a task's name.
            on_finish: called with a task's result.
            workers: how many tasks at a time.

        Returns:
            The results by task.

        Raises:
            TaskFailedError: at the first task that fails, once those beside it have ended.
        """
        waiting = dict(self.tasks)
        running: dict[concurrent.futures.Future[TaskResult], str] = {}
        with concurrent.futures.ThreadPoolExecutor(workers) as threads:
            while waiting or running:
                for name in sorted(waiting):
                    if len(running) < workers and self._depends_on(name) <= self._done.keys():
                        del waiting[name]
                        on_start(name)
                        running[threads.submit(self._run_task, name)] = name
                ended, _ = concurrent.futures.wait(
                    running, return_when=concurrent.futures.FIRST_COMPLETED
                )
                for future in ended:
                    result = future.result()
                    self._done[running.pop(future)] = result
                    on_finish(result)
        return self._done

    def _depends_on(self, name: str) -> set[str]:
        task = self.tasks[name]
        inputs = task.get("inputs", {}).get("artifacts", {}).values()
        producers = {each["taskOutputArtifact"]["producerTask"] for each in inputs}
        return producers | {*task.get("dependentTasks", [])}

    def _run_task(self, name: str) -> TaskResult:
        began = time.monotonic()
        task = self.tasks[name]
        component = self._components[task["componentRef"]["name"]]
        container = self._executors[component["executorLabel"]]["container"]
        folder = f"{self._folder}/{name}_{uuid.uuid4().hex[:12]}"
        given = self._executor_input(task, component, folder)
        output_file = given["outputs"]["outputFile"]
        parameters = given["inputs"]["parameterValues"]
        log = os.path.join(self._logs, f"{name}.log")
        with open(log, "w", encoding="utf-8") as stream:

            def call(command: Mapping[str, Any]) -> None:
                if self._call(command, container, given, stream):
                    raise TaskFailedError(name, log, _told(folder, log))

            if look_up := container.get("lifecycle", {}).get("preCacheCheck"):
                call(look_up)
                parameters = {**parameters, **_read(output_file).get("parameterValues", {})}
            key = key_of(component, container, parameters, given["inputs"]["artifacts"])
            wanted = task.get("cachingOptions", {}).get("enableCache", False)
            if wanted and (outputs := self._cache.find(key)) is not None:
                return TaskResult(name, 0.0, True, outputs, parameters)
            call(container)
        outputs = _outputs(given, _read(output_file))
        self._cache.keep(key, outputs)
        return TaskResult(name, time.monotonic() - began, False, outputs, parameters)

    def _executor_input(
        self, task: Mapping[str, Any], component: Mapping[str, Any], folder: str
    ) -> dict[str, Any]:
        inputs = task.get("inputs", {})
        artifacts = {}
        for key, each in inputs.get("artifacts", {}).items():
            source = each["taskOutputArtifact"]
            made = self._done[source["producerTask"]].outputs[source["outputArtifactKey"]]
            artifacts[key] = {"artifacts": [made]}
        declared = component.get("outputDefinitions", {}).get("artifacts", {})
        return {
            "inputs": {
                "artifacts": artifacts,
                "parameterValues": {
                    key: self._value(each) for key, each in inputs.get("parameters", {}).items()
                },
            },
            "outputs": {
                "artifacts": {
                    key: {
                        "artifacts": [
                            {
                                "name": _ARTIFACTS + uuid.uuid4().hex,
                                "type": each["artifactType"],
                                "uri": f"{folder}/{key}",
                                "metadata": each.get("metadata", {}),
                            }
                        ]
                    }
                    for key, each in declared.items()
                },
                "outputFile": f"{folder}/executor_output.json",
            },
        }

    def _value(self, parameter: Mapping[str, Any]) -> Any:
        if "componentInputParameter" in parameter:
            return self._values[parameter["componentInputParameter"]]
        return parameter["runtimeValue"]["constant"]

    def _call(
        self,
        command: Mapping[str, Any],
        container: Mapping[str, Any],
        given: Mapping[str, Any],
        stream: Any,
    ) -> int:
        """Runs a command of a container; returns its exit code."""
        words = [
            json.dumps(given) if word == "{{$}}" else word
            for word in (*command["command"], *command.get("args", []))
        ]
        if words[0] == "python":
            words[0] = sys.executable
        own = {each["name"]: each["value"] for each in container.get("env", [])}
        return subprocess.run(  # noqa: S603 - the words are the specification's, without a shell
            words,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**self._environment, **own},
            check=False,
        ).returncode


def _outputs(given: Mapping[str, Any], output: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The artifacts that a task was given to write, with what its executor said of them."""
    made = {}
    for key, group in given["outputs"]["artifacts"].items():
        (artifact,) = group["artifacts"]
        said = output.get("artifacts", {}).get(key, {}).get("artifacts", [{}])[0]
        metadata = {**artifact["metadata"], **said.get("metadata", {})}
        made[key] = {**artifact, **said, "type": artifact["type"], "metadata": metadata}
    return made


def _read(path: str) -> dict[str, Any]:
    with fileio.open(path, "r") as file:
        return json.loads(file.read())


def _told(folder: str, log: str) -> str:
    """The words of a failed container: those that it left, or the end of its log."""
    path = f"{folder}/{ERROR_FILE}"
    if fileio.exists(path):
        with fileio.open(path, "r") as file:
            return str(file.read()).strip()
    with open(log, encoding="utf-8") as file:
        return "\n".join(file.read().strip().splitlines()[-20:])
