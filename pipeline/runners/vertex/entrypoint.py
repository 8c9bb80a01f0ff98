"""A container's entry point: TFX's own, with the failure told and the code checked."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_run_executor

from pipeline import source_hash
from pipeline.runners.vertex.compiling import IN_CONTAINERS
from pipeline.runners.vertex.failures import told


class OtherCodeError(RuntimeError):
    """The image holds other code than the one that the specification was compiled from."""


def main(arguments: Sequence[str]) -> None:
    """Runs one component.

    Args:
        arguments: what TFX's entry point takes, Beam's options included.

    Raises:
        OtherCodeError: if the environment's `SEGUE_CODE` is not this code.
    """
    args, beam_args = kubeflow_v2_run_executor._parse_flags(["", *arguments])
    task = json.loads(args.json_serialized_invocation_args)
    with told(task["outputs"]["outputFile"]):
        check_code(os.environ.get("SEGUE_CODE"))
        kubeflow_v2_run_executor.main((args, beam_args[1:]))


def check_code(expected: str | None) -> None:
    """Compares this code with what the cache's keys were made from.

    Args:
        expected: `source_hash.of_packages` of the submitting side; None: it does not say.

    Raises:
        OtherCodeError: if they differ.
    """
    own = source_hash.of_packages(*IN_CONTAINERS)
    if expected and expected != own:
        raise OtherCodeError(
            f"this image holds other code ({own}) than the one that the pipeline was compiled "
            f"from ({expected}): build the image from that commit, or compile with this one"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
