"""Runs one node of the DAG on artifacts that an earlier process left in a folder.

Without the orchestrator a process's time and memory are those of the node and of its imports.
"""

from __future__ import annotations

import os
import pathlib
import sys
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.types.channel import OutputChannel

from pipeline import dag
from pipeline.config import PipelineConfig
from pipeline.overrides import load_config


def run(stage: str, config: PipelineConfig, folder: pathlib.Path) -> None:
    """Runs a node.

    Args:
        stage: its id.
        config: the run that it is one of.
        folder: where artifacts lie; this node's are added.
    """
    # The driver's work, which the executor relies on.
    pipeline = dag.create_pipeline(config, dag.Paths.under(config))
    (component,) = (found for found in pipeline.components if found.id == stage)
    inputs = {key: [_load(channel, folder)] for key, channel in component.inputs.items()}
    outputs = {
        key: [_made(channel.type, folder / "artifacts" / stage / key)]
        for key, channel in component.outputs.items()
    }
    properties = {k: v for k, v in component.exec_properties.items() if v is not None}
    driver: Any = component.driver_class
    if hasattr(driver, "look_up"):
        properties |= driver.look_up(properties)
    _executor(component).Do(inputs, outputs, properties)
    for key, (artifact,) in outputs.items():
        message = artifact.mlmd_artifact.SerializeToString()
        (folder / f"{stage}.{key}.pb").write_bytes(message)


def _executor(component: BaseComponent) -> Any:
    executor = component.executor_spec.executor_class
    if not issubclass(executor, base_beam_executor.BaseBeamExecutor):
        return executor()
    arguments = component.executor_spec.beam_pipeline_args
    return executor(base_beam_executor.BaseBeamExecutor.Context(beam_pipeline_args=arguments))


def _made(kind: type[types.Artifact], path: pathlib.Path) -> types.Artifact:
    path.mkdir(parents=True, exist_ok=True)
    artifact = kind()
    artifact.uri = str(path)
    return artifact


def _load(channel: Any, folder: pathlib.Path) -> types.Artifact:
    assert isinstance(channel, OutputChannel)
    return restored(channel.type(), folder, f"{channel.producer_component_id}.{channel.output_key}")


def restored(artifact: types.Artifact, folder: pathlib.Path, name: str) -> types.Artifact:
    """Gives an artifact what a node left in a folder.

    Args:
        artifact: a new one of its type.
        folder: see `run`.
        name: the node's id, a dot, and the output's key.
    """
    content = (folder / f"{name}.pb").read_bytes()
    artifact.set_mlmd_artifact(metadata_store_pb2.Artifact.FromString(content))
    return artifact


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    name, data, out, *settings = sys.argv[1:]
    configured = load_config(None, settings, data=data, out=str(pathlib.Path(out) / "out"))
    run(name, configured, pathlib.Path(out))
