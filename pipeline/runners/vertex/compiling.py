"""Compiles the DAG to the specification that Vertex AI Pipelines runs."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner
from tfx.orchestration.pipeline import Pipeline
from tfx.utils import io_utils

from components.look_up import LookUpDriver
from pipeline import dag
from pipeline.config import PipelineConfig
from pipeline.runners.vertex import code, custom_jobs, endpoint, parameters, run_name, specification
from schema import provenance

#: How a container starts; it takes what TFX's own entry point takes.
ENTRYPOINT: Final = ("python", "-m", "pipeline.runners.vertex.entrypoint")
#: How a component's look-up starts in its container, before the cache is asked.
LOOK_UP: Final = ("python", "-m", "pipeline.runners.vertex.look_up")
#: The parameter of nodes that look at the world in every run: no cache answers for them.
_STARTED: Final = "started"
#: Stands for the image until one is configured; a compiled specification may be looked at before.
_NO_IMAGE: Final = "IMAGE"


@dataclasses.dataclass(frozen=True)
class Compiled:
    """A pipeline as Vertex takes it.

    Attributes:
        job: a PipelineJob as JSON, with the specification.
        parameters: what a submission may give other values, and the values of this configuration.
        files: what has to lie in storage before the job starts, by path.
    """

    job: dict[str, Any]
    parameters: dict[str, Any]
    files: dict[str, str]


def compile_pipeline(config: PipelineConfig, paths: dag.Paths | None = None) -> Compiled:
    """Compiles; nothing is looked up, sent or written.

    Args:
        config: what to run, with `storage`.
        paths: where it reads and writes; in `config.storage` where None.

    Raises:
        ValueError: if a key of the configuration names a component that there is none of; or
            there is no storage.
        OSError: if the schema cannot be read.
    """
    if paths is None:
        if not (config.storage or "").startswith("gs://"):
            raise ValueError("storage: is required, such as gs://my-bucket/segue.")
        paths = dag.Paths.under(config)
        if "://" not in paths.release_record:
            raise ValueError(
                f"release_record: takes a place that containers reach, such as "
                f"{config.storage}/serving/releases.json, not {config.release_record!r}."
            )
    if config.deletions and "://" not in config.deletions:
        raise ValueError(
            f"deletions: takes a file that containers reach, such as {config.storage}/"
            f"deletions.txt, not {config.deletions!r}."
        )
    for key in ("trending", "cold_audio"):
        folder = getattr(config, key)
        if folder and "://" not in folder:
            raise ValueError(
                f"{key}: takes a folder that containers reach, such as {config.storage}/{key}, "
                f"not {folder!r}."
            )
    schema = io_utils.read_string_file(paths.schema_file)
    paths = paths.with_schema_at(schema)
    config = _without_local_paths(config, paths)
    pipeline = dag.create_pipeline(
        config,
        paths,
        run_name=run_name.PLACEHOLDER,
        more_pushers=lambda pusher: endpoint.pushers(pusher, config.vertex),
    )
    for component in pipeline.components:
        if _STARTED in component.exec_properties:
            component.exec_properties[_STARTED] = ""  # it looks at the clock itself
    custom_jobs.apply(pipeline, config.vertex)
    values = parameters.make_runtime(pipeline)
    runner = kubeflow_v2_dag_runner.KubeflowV2DagRunner(
        config=kubeflow_v2_dag_runner.KubeflowV2DagRunnerConfig(
            display_name=config.name,
            default_image=config.vertex.image or _NO_IMAGE,
            default_commands=list(ENTRYPOINT),
            # Before 2.1 an executor does not see what was looked up before it.
            use_pipeline_spec_2_1=True,
        )
    )
    job = runner.run(pipeline, write_out=False)
    _complete(job, pipeline, config, values)
    return Compiled(job, values, {paths.schema_file: schema})


def _without_local_paths(config: PipelineConfig, paths: dag.Paths) -> PipelineConfig:
    """The configuration as the report shows it: without paths of the submitting machine."""
    validation = config.validation
    if validation.schema_file is not None:
        validation = validation.model_copy(update={"schema_file": paths.schema_file})
    return config.model_copy(update={"out": paths.report, "validation": validation})


def _complete(
    job: dict[str, Any], pipeline: Pipeline, config: PipelineConfig, values: dict[str, Any]
) -> None:
    """Puts into the job what TFX's compiler leaves out."""
    options, spec = config.vertex, specification.Specification(job)
    spec.set_defaults(values)
    job["labels"] = {**job.get("labels", {}), **options.labels}
    environment = {
        code.VARIABLE: code.digest(),
        "TF_USE_LEGACY_KERAS": "1",
    }
    for component in pipeline.components:
        caching = options.caching and _STARTED not in component.exec_properties
        spec.set_caching(component.id, caching)
        image = options.resources_of(component.id).image or options.image
        named = {provenance.IMAGE: image} if image else {}
        spec.set_environment(component.id, {**environment, **named})
        if issubclass(component.driver_class, LookUpDriver):
            driver = component.driver_class
            spec.look_up_first(component.id, LOOK_UP, f"{driver.__module__}.{driver.__qualname__}")
    spec.set_resources(options)
