"""Runs a component's look-up in its container, before Vertex asks its cache.

The container's contract is that of TFX's driver of ExampleGens: what is written to the task's
output file replaces the task's parameters, for the cache's key and for the executor.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2
from tfx.dsl.io import fileio
from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_entrypoint_utils as utils
from tfx.utils import import_utils

from pipeline.runners.vertex import code
from pipeline.runners.vertex.failures import told


def main(arguments: Sequence[str] | None = None) -> None:
    """Looks, and writes what was found.

    Args:
        arguments: `--driver_class_path`, `--json_serialized_invocation_args` and
            `--json_serialized_inputs_spec_args`, as TFX's driver takes them.
    """
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--driver_class_path", required=True)
    parser.add_argument("--json_serialized_invocation_args", required=True)
    parser.add_argument("--json_serialized_inputs_spec_args", required=True)
    given, _ = parser.parse_known_args(arguments)
    task = json_format.Parse(
        given.json_serialized_invocation_args,
        pipeline_spec_pb2.ExecutorInput(),
        ignore_unknown_fields=True,
    )
    output_file = task.outputs.output_file
    with told(output_file):
        code.check(os.environ.get(code.VARIABLE))
        declared = json_format.Parse(
            given.json_serialized_inputs_spec_args,
            pipeline_spec_pb2.ComponentInputsSpec(),
            ignore_unknown_fields=True,
        )
        parameters = utils.parse_execution_properties(
            task.inputs.parameter_values, task.inputs.parameters, declared
        )
        driver = import_utils.import_class_by_path(given.driver_class_path)
        output = pipeline_spec_pb2.ExecutorOutput()
        for name, value in driver.look_up(parameters).items():
            output.parameter_values[name].string_value = value
        fileio.makedirs(output_file.rpartition("/")[0])
        with fileio.open(output_file, "w") as file:
            file.write(json_format.MessageToJson(output, sort_keys=True))


if __name__ == "__main__":
    main()
