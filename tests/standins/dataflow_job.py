"""Executes a staged job graph as Dataflow would: by workers in fresh processes.

    python dataflow_job.py GRAPH RESULT

The workers' container is replaced by an interpreter of its own with this process's environment,
which is to be that of a container: no folder and no module of whoever submitted the job. RESULT
gets the counters as JSON.
"""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability import common_urns, python_urns
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.portability.fn_api_runner import FnApiRunner


def execute(graph: bytes) -> list[dict[str, Any]]:
    """Runs a graph and returns its counters as Dataflow's API tells them, without times."""
    pipeline = beam_runner_api_pb2.Pipeline.FromString(graph)
    for environment in pipeline.components.environments.values():
        if environment.urn == common_urns.environments.DOCKER.urn:
            environment.urn = python_urns.SUBPROCESS_SDK
            command = f"{sys.executable} -m apache_beam.runners.worker.sdk_worker_main"
            environment.payload = command.encode()
            del environment.dependencies[:]
    result = FnApiRunner().run_via_runner_api(pipeline, PipelineOptions(["--runner=FnApiRunner"]))
    result.wait_until_finish()
    return [
        {
            "name": {
                "origin": "user",
                "name": counter.key.metric.name,
                "context": {
                    "namespace": counter.key.metric.namespace,
                    "step": counter.key.step,
                    **tentative,
                },
            },
            "scalar": counter.committed,
        }
        for counter in result.metrics().query()["counters"]
        for tentative in ({}, {"tentative": "true"})
    ]


if __name__ == "__main__":
    source, target = map(pathlib.Path, sys.argv[1:])
    target.write_text(json.dumps(execute(source.read_bytes())))
