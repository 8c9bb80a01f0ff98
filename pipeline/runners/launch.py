"""Launches a compiled pipeline node by node on this machine, and reports each."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.dsl.compiler import compiler, constants
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.pipeline import Pipeline
from tfx.orchestration.portable import (
    beam_executor_operator,
    launcher,
    runtime_parameter_utils,
)
from tfx.orchestration.portable.mlmd import execution_lib
from tfx.proto.orchestration import executable_spec_pb2

from pipeline.lifecycle import provenance
from pipeline.runners import shortcuts

_LONGEST_ERROR: Final = 500


@dataclasses.dataclass(frozen=True)
class NodeResult:
    """The result of a node.

    Attributes:
        node_id: the node's id, such as "Trainer.als".
        seconds: wall time.
        cached: whether an earlier execution's outputs were taken.
        outputs: artifacts by output key.
    """

    node_id: str
    seconds: float
    cached: bool
    outputs: dict[str, list[types.Artifact]]

    def of_type(self, kind: type[types.Artifact]) -> list[types.Artifact]:
        """The outputs of a type."""
        made = (artifact for group in self.outputs.values() for artifact in group)
        return [artifact for artifact in made if artifact.type_name == kind.TYPE_NAME]


class NodeFailedError(RuntimeError):
    """A node failed; the cause is the exception that it raised."""

    def __init__(self, node_id: str, seconds: float) -> None:
        super().__init__(f"{node_id} failed")
        self.node_id = node_id
        self.seconds = seconds


def launch(
    pipeline: Pipeline,
    on_start: Callable[[str], None],
    on_finish: Callable[[NodeResult], None],
    made_by: Mapping[str, str] | None = None,
) -> None:
    """Runs every node in topological order.

    TFX's LocalDagRunner runs them too, but reports nothing; hence this loop over its parts.

    Args:
        pipeline: what to run, with a local metadata connection.
        on_start: called with each node's id.
        on_finish: called with each node's result.
        made_by: what to record of the run beside what TFX records; see `provenance.Provenance`.

    Raises:
        NodeFailedError: at the first node that fails.
    """
    shortcuts.remember()
    shortcuts.leave_out_what_stays()
    ir = compiler.Compiler().compile(pipeline)
    run = datetime.datetime.now().isoformat()
    runtime_parameter_utils.substitute_runtime_parameter(
        ir, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run}
    )
    deployment = runner_utils.extract_local_deployment_config(ir)
    connection = getattr(
        deployment.metadata_connection_config,
        deployment.metadata_connection_config.WhichOneof("connection_config"),
    )
    provenance.record(connection, run, made_by or {})
    for node in ir.nodes:
        node_id = node.pipeline_node.node_info.id
        on_start(node_id)
        started = time.monotonic()
        executor_spec = runner_utils.extract_executor_spec(deployment, node_id)
        try:
            info = launcher.Launcher(
                pipeline_node=node.pipeline_node,
                mlmd_connection=metadata.Metadata(connection),
                pipeline_info=ir.pipeline_info,
                pipeline_runtime_spec=ir.runtime_spec,
                executor_spec=executor_spec,
                custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, node_id),
                custom_executor_operators=_beam_operators(executor_spec),
            ).launch()
        except Exception as error:
            _record_failure(connection, run, node_id, error)
            raise NodeFailedError(node_id, time.monotonic() - started) from error
        cached, outputs = _outcome(connection, info)
        on_finish(
            NodeResult(
                node_id=node_id,
                seconds=time.monotonic() - started,
                cached=cached,
                outputs=outputs,
            )
        )
    ended = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    provenance.record(connection, run, {provenance.ENDED: ended})


def _record_failure(connection: Any, run: str, node_id: str, error: Exception) -> None:
    words = " ".join(str(error).split())[:_LONGEST_ERROR] or type(error).__name__
    told = {provenance.FAILED_NODE: node_id, provenance.ERROR: words}
    # Where the metadata store is what failed, the node's error is the one to report.
    with contextlib.suppress(Exception):
        provenance.record(connection, run, told)


def _beam_operators(executor_spec: Any) -> dict[Any, Any]:
    """Takes Beam's arguments out of a specification, and gives them to what executes it.

    TFX's cache key has the specification in it. Where Beam's steps run, on what workers and under
    which name, changes no result: with a job's name in the key nothing would be found.
    """
    if not isinstance(executor_spec, executable_spec_pb2.BeamExecutableSpec):
        return {}
    arguments = list(executor_spec.beam_pipeline_args_placeholders)
    executor_spec.ClearField("beam_pipeline_args_placeholders")
    executor_spec.ClearField("beam_pipeline_args")

    def operator(**given: Any) -> beam_executor_operator.BeamExecutorOperator:
        made = beam_executor_operator.BeamExecutorOperator(**given)
        made.beam_pipeline_args = arguments
        return made

    return {executable_spec_pb2.BeamExecutableSpec: operator}


def _outcome(connection: Any, info: Any) -> tuple[bool, dict[str, list[types.Artifact]]]:
    if info is None or not info.execution_id:
        return False, {}
    with metadata.Metadata(connection) as handle:
        (execution,) = handle.store.get_executions_by_id([info.execution_id])
        outputs = execution_lib.get_output_artifacts(handle, info.execution_id)
    cached = execution.last_known_state == metadata_store_pb2.Execution.CACHED  # type: ignore[attr-defined]
    return cached, {key: list(artifacts) for key, artifacts in outputs.items()}
