"""What TFX's compiler leaves out of a specification, put in afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.options.vertex import DEFAULT, Resources, VertexOptions


class Specification:
    """A compiled job, changed in place.

    Args:
        job: a PipelineJob as JSON, of one level of tasks.
    """

    def __init__(self, job: dict[str, Any]) -> None:
        self._spec = job["pipelineSpec"]

    @property
    def tasks(self) -> dict[str, Any]:
        """The tasks by name, which is the component's id."""
        return self._spec["root"]["dag"]["tasks"]

    def set_defaults(self, values: Mapping[str, Any]) -> None:
        """Gives runtime parameters their default values, which TFX drops."""
        declared = self._spec["root"]["inputDefinitions"]["parameters"]
        for name, value in values.items():
            declared[name]["defaultValue"] = value

    def set_caching(self, component: str, wanted: bool) -> None:
        """Says whether Vertex may take a component's results of an earlier run."""
        self.tasks[component]["cachingOptions"] = {"enableCache": True} if wanted else {}

    def set_environment(self, component: str, variables: Mapping[str, str]) -> None:
        """Sets environment variables of a component's container."""
        env = [{"name": name, "value": value} for name, value in sorted(variables.items())]
        self._container(component)["env"] = env

    def look_up_first(self, component: str, command: Sequence[str], driver: str) -> None:
        """Runs a command before the cache is asked; what it writes replaces parameters.

        TFX does so for its own ExampleGens only.

        Args:
            component: its id.
            command: what to run in the component's image.
            driver: the class of the driver, as `module.Class`.
        """
        container = self._container(component)
        given = container["args"]
        at = given.index("--json_serialized_inputs_spec_args")
        container["lifecycle"] = {
            "preCacheCheck": {
                "command": list(command),
                "args": [
                    "--driver_class_path",
                    driver,
                    "--json_serialized_invocation_args",
                    "{{$}}",
                    *given[at : at + 2],
                ],
            }
        }

    def set_resources(self, options: VertexOptions) -> None:
        """Asks for CPUs, memory, GPUs and images, which TFX passes on for some components only.

        Raises:
            ValueError: if a key is no component's id.
        """
        named = options.resources
        if unknown := [name for name in named if name not in (DEFAULT, *self.tasks)]:
            raise ValueError(
                f"vertex.resources: {unknown[0]!r} is no component of this pipeline; "
                f"choose from {DEFAULT}, {', '.join(sorted(self.tasks))}."
            )
        for component in self.tasks:
            wanted = options.resources_of(component)
            if asked := _resource_spec(wanted):
                self._container(component)["resources"] = asked
            if wanted.image is not None:
                self._container(component)["image"] = wanted.image

    def _container(self, component: str) -> dict[str, Any]:
        label = self._spec["components"][component]["executorLabel"]
        return self._spec["deploymentSpec"]["executors"][label]["container"]


def _resource_spec(wanted: Resources) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    if wanted.cpu is not None:
        asked["cpuLimit"] = wanted.cpu
    if wanted.memory is not None:
        asked["memoryLimit"] = _gigabytes(wanted.memory)
    if wanted.gpu is not None:
        asked["accelerator"] = {"type": wanted.gpu, "count": wanted.gpus}
    return asked


def _gigabytes(memory: str) -> float:
    """Memory in the unit of the specification, 10^9 bytes."""
    units = {"Gi": 2**30, "Mi": 2**20, "G": 10**9, "M": 10**6}
    unit = memory.lstrip("0123456789")
    return int(memory.removesuffix(unit)) * units[unit] / 10**9
