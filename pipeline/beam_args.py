"""Beam's arguments, component by component: in the process, on Dataflow or on Flink."""

from __future__ import annotations

import re
from typing import Final

from pipeline.config import PipelineConfig
from pipeline.options.beam import DATA_COMPONENTS
from pipeline.options.dataflow import DataflowOptions
from pipeline.options.flink import FlinkOptions

# Dataflow takes longer names; those of labels, which carry the same, it does not.
_MAX_NAME: Final = 63

# Any of them keeps TFX from packing itself into the folder of temporary files, 49 MB for each
# component that nobody removes.
_PACKAGES: Final = (
    "--extra_package",
    "--setup_file",
    "--requirements_file",
    "--sdk_container_image",
    "--worker_harness_container_image",
)
_NO_CONTAINER: Final = "--sdk_container_image=unused"  # there is nobody to run it
# Most of a small pipeline's time went into dill, which pickles each step several times over.
_PICKLER: Final = "--pickle_library"
_IN_PROCESS: Final = ("", "DirectRunner", "direct", "BundleBasedDirectRunner", "InteractiveRunner")


def of(component: str, config: PipelineConfig, run: str) -> list[str]:
    """Returns the Beam arguments of a component.

    Args:
        component: its id, such as "Transform".
        config: the run.
        run: names the run in the names of its jobs, of which no two under way may have one name.
    """
    name = job_name(config.name, component, run)
    if config.dataflow is not None and component in config.dataflow.chosen:
        return _dataflow(config.dataflow, component, name, config.storage or "", run)
    if config.flink is not None and component in config.flink.chosen:
        return on_flink(config.flink, name)
    return on_this_machine(config, component)


def on_this_machine(config: PipelineConfig, component: str) -> list[str]:
    """Returns the arguments of what no cluster runs: `beam.pipeline_args` and `beam.processes`.

    Args:
        config: the run.
        component: its id.
    """
    from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

    arguments = list(config.beam.pipeline_args)
    runner = PipelineOptions(arguments).view_as(StandardOptions).runner or ""
    if runner in _IN_PROCESS:
        if config.beam.processes != 1 and component in DATA_COMPONENTS:
            arguments += [
                "--direct_running_mode=multi_processing",
                f"--direct_num_workers={config.beam.processes}",
            ]
        if not any(a.startswith(_PACKAGES) for a in arguments):
            arguments.append(_NO_CONTAINER)
        if not any(a.startswith(_PICKLER) for a in arguments):
            arguments.append(f"{_PICKLER}=cloudpickle")
    return arguments


def job_name(pipeline: str, component: str, run: str) -> str:
    """Returns a name that every engine takes: PIPELINE-COMPONENT-RUN, of lower-case words."""
    words = re.sub(r"[^a-z0-9]+", "-", component.lower())
    rest = f"-{words}-{run}"
    return pipeline[: _MAX_NAME - len(rest)].rstrip("-") + rest


def on_flink(options: FlinkOptions, name: str) -> list[str]:
    """Returns the arguments of a job on Flink.

    Args:
        options: of the cluster.
        name: of the job.
    """
    values = {
        "runner": "PortableRunner",
        "job_endpoint": options.job_endpoint,
        "artifact_endpoint": options.artifact_endpoint,
        "environment_type": "EXTERNAL",
        "environment_config": options.workers,
        "job_name": name,
        "parallelism": options.parallelism,
        # Each step is written out before the next one reads it: what does not fit in memory is
        # spilled, and what was finished before a machine was lost is not done again.
        "execution_mode_for_batch": "BATCH_FORCED",
        # Or each step would start Python workers of its own, and end them: 15 s of imports.
        "environment_cache_millis": 20_000,
    }
    return [
        *(f"--{key}={value}" for key, value in values.items() if value is not None),
        _NO_CONTAINER,
        *options.pipeline_args,
    ]


def _dataflow(
    options: DataflowOptions, component: str, name: str, storage: str, run: str
) -> list[str]:
    workers = options.workers_of(component)
    below = f"{storage.rstrip('/')}/dataflow"
    labels = {**options.labels, "segue-component": component.lower(), "segue-run": run}
    # Of no use with a container, and it would tell where packages lie on this machine.
    experiments = ("disable_logging_submission_environment", *options.experiments)
    service = (*(("enable_prime",) if options.prime else ()), *options.service_options)
    values = {
        "runner": "DataflowRunner",
        "project": options.project,
        "region": options.region,
        "job_name": name,
        "temp_location": options.temp or f"{below}/temp",
        "staging_location": options.staging or f"{below}/staging",
        "sdk_container_image": options.image,
        # Everything is in the image: workers install nothing.
        "sdk_location": "container",
        "service_account_email": options.service_account,
        "subnetwork": options.subnetwork,
        "dataflow_kms_key": options.kms_key,
        "machine_type": workers.machine_type,
        "num_workers": workers.workers,
        "max_num_workers": workers.max_workers,
        "autoscaling_algorithm": workers.autoscaling,
        "disk_size_gb": workers.disk_gb,
        "number_of_worker_harness_threads": workers.threads,
    }
    return [
        *(f"--{key}={value}" for key, value in values.items() if value is not None),
        "--use_public_ips" if options.public_ips else "--no_use_public_ips",
        *(f"--labels={key}={value}" for key, value in labels.items()),
        *(f"--dataflow_service_options={option}" for option in service),
        *(f"--experiments={experiment}" for experiment in experiments),
        *options.pipeline_args,
    ]
