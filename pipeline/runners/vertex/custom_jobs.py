"""Trainers and Tuners that run as Vertex custom jobs, on machines of their own."""

from __future__ import annotations

from typing import Any

from tfx.dsl.components.base import executor_spec
from tfx.orchestration.pipeline import Pipeline
from tfx.utils import json_utils

from components.trainer.component import SideTableTrainer
from pipeline.options.vertex import CustomJob, VertexOptions


def apply(pipeline: Pipeline, options: VertexOptions) -> None:
    """Gives components TFX's executors that start a custom job and wait for it.

    Args:
        pipeline: its components are changed.
        options: which of them, and their machines.

    Raises:
        ValueError: if a key is not the id of a Trainer or Tuner of the pipeline.
    """
    components = {component.id: component for component in pipeline.components}
    able = [name for name in components if name.startswith(("Trainer.", "Tuner."))]
    for name, job in options.custom_jobs.items():
        if name not in able:
            raise ValueError(
                f"vertex.custom_jobs: {name!r} is no Trainer or Tuner of this pipeline; "
                f"choose from {', '.join(able)}."
            )
        component = components[name]
        if isinstance(component, SideTableTrainer):
            raise ValueError(
                f"vertex.custom_jobs: {name!r} reads a side table, which a custom job does not "
                "hand on; leave it out, or trending and cold_audio."
            )
        component.executor_spec = executor_spec.ExecutorClassSpec(_executor(name))
        config = json_utils.loads(component.exec_properties["custom_config"])
        component.exec_properties["custom_config"] = json_utils.dumps(
            {**config, **_arguments(name, job, options)}
        )


def _executor(name: str) -> Any:
    from tfx.extensions.google_cloud_ai_platform.trainer import executor as trainers
    from tfx.extensions.google_cloud_ai_platform.tuner import executor as tuners

    return trainers.GenericExecutor if name.startswith("Trainer.") else tuners.Executor


def _arguments(name: str, job: CustomJob, options: VertexOptions) -> dict[str, Any]:
    machine: dict[str, Any] = {"machine_type": job.machine_type}
    if job.gpu is not None:
        machine.update(accelerator_type=job.gpu, accelerator_count=job.gpus)
    specification: dict[str, Any] = {
        "worker_pool_specs": [
            {
                "machine_spec": machine,
                "replica_count": 1,
                "container_spec": {"image_uri": job.image or options.image},
            }
        ]
    }
    for key, value in (
        ("service_account", options.service_account),
        ("network", options.network),
        ("reserved_ip_ranges", list(options.reserved_ip_ranges)),
    ):
        if value:
            specification[key] = value
    arguments: dict[str, Any] = {
        "project": options.project,
        "display_name": f"segue-{name}".lower().replace(".", "-").replace("_", "-"),
        "job_spec": specification,
        "labels": dict(options.labels),
    }
    if options.kms_key:
        arguments["encryption_spec"] = {"kms_key_name": options.kms_key}
    key = "training" if name.startswith("Trainer.") else "tuning"
    return {
        f"ai_platform_{key}_args": arguments,
        "ai_platform_enable_vertex": True,
        "ai_platform_vertex_region": options.region,
    }
