"""A container's entry point: TFX's own, with the failure told and the code checked."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_run_executor

from pipeline.runners.vertex import code, run_name
from pipeline.runners.vertex.failures import told


def main(arguments: Sequence[str]) -> None:
    """Runs one component.

    Args:
        arguments: what TFX's entry point takes, Beam's options included.

    Raises:
        OtherCodeError: if the environment names other code than this.
    """
    args, beam_args = kubeflow_v2_run_executor._parse_flags(["", *arguments])
    task = json.loads(args.json_serialized_invocation_args)
    with told(task["outputs"]["outputFile"]):
        code.check(os.environ.get(code.VARIABLE))
        kubeflow_v2_run_executor.main((args, run_name.fill_in(beam_args[1:])))


if __name__ == "__main__":
    main(sys.argv[1:])
