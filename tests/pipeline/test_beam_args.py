"""The Beam arguments of each component, as its executor gets them and as Dataflow would."""

import datetime

import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
from apache_beam.runners.dataflow.dataflow_runner import DataflowRunner
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec

from pipeline import beam_args, dag
from pipeline.options.beam import BEAM_COMPONENTS
from pipeline.overrides import load_config

RUN = "20260102-030405"
STARTED = datetime.datetime(2026, 1, 2, 3, 4, 5)
IMAGE = "europe-docker.pkg.dev/p/r/segue@sha256:12"
ON_DATAFLOW = (
    "storage=gs://my-bucket/segue",
    f"dataflow={{project: my-project-1, region: europe-west4, image: '{IMAGE}'}}",
)
NO_CONTAINER, PICKLER = "--sdk_container_image=unused", "--pickle_library=cloudpickle"


def load(*settings):
    return load_config(None, settings, data="somewhere")


def built(*settings):
    config = load("candidate=als", "baselines=[popularity]", *settings)
    pipeline = dag.create_pipeline(config, dag.Paths.under(config), started=STARTED)
    return {
        node.id: list(node.executor_spec.beam_pipeline_args)
        for node in pipeline.components
        if isinstance(node.executor_spec, BeamExecutorSpec)
    }


def test_each_beam_component_of_the_dag_gets_its_own():
    found = built(*ON_DATAFLOW, "dataflow.components=[Transform, Significance]")
    assert set(found) == {*BEAM_COMPONENTS} - {"SpanStatistics"}
    for component, arguments in found.items():
        options = PipelineOptions(arguments).get_all_options()
        if component in ("Transform", "Significance"):
            assert options["runner"] == "DataflowRunner"
            assert options["job_name"] == f"segue-{component.lower()}-20260102-030405"
        else:
            assert arguments == beam_args.on_this_machine(load(), component)
            assert options["runner"] == "DirectRunner"


def test_what_a_job_gets():
    config = load(
        *ON_DATAFLOW,
        "dataflow.max_workers=20",
        "dataflow.workers=2",
        "dataflow.autoscaling=THROUGHPUT_BASED",
        "dataflow.machine_type=n2-standard-4",
        "dataflow.disk_gb=50",
        "dataflow.threads=3",
        "dataflow.stages={Transform: {machine_type: n2-highmem-4, max_workers: 5}}",
        "dataflow.service_account=w@p.iam.gserviceaccount.com",
        "dataflow.subnetwork=regions/europe-west4/subnetworks/inner",
        "dataflow.kms_key=projects/p/locations/l/keyRings/r/cryptoKeys/k",
        "dataflow.labels={team: music}",
        "dataflow.prime=true",
        "dataflow.service_options=[enable_google_cloud_profiler]",
        "dataflow.experiments=[upload_graph]",
        "dataflow.pipeline_args=[--worker_zone=europe-west4-b]",
    )
    options = PipelineOptions(beam_args.of("Transform", config, RUN)).get_all_options()
    expected = {
        "runner": "DataflowRunner",
        "project": "my-project-1",
        "region": "europe-west4",
        "job_name": "segue-transform-20260102-030405",
        "temp_location": "gs://my-bucket/segue/dataflow/temp",
        "staging_location": "gs://my-bucket/segue/dataflow/staging",
        "sdk_container_image": IMAGE,
        "sdk_location": "container",
        "service_account_email": "w@p.iam.gserviceaccount.com",
        "subnetwork": "regions/europe-west4/subnetworks/inner",
        "use_public_ips": False,
        "dataflow_kms_key": "projects/p/locations/l/keyRings/r/cryptoKeys/k",
        "machine_type": "n2-highmem-4",
        "num_workers": 2,
        "max_num_workers": 5,
        "autoscaling_algorithm": "THROUGHPUT_BASED",
        "disk_size_gb": 50,
        "number_of_worker_harness_threads": 3,
        "labels": ["team=music", "segue-component=transform", "segue-run=20260102-030405"],
        "dataflow_service_options": ["enable_prime", "enable_google_cloud_profiler"],
        "experiments": ["disable_logging_submission_environment", "upload_graph"],
        "worker_zone": "europe-west4-b",
    }
    assert {name: options[name] for name in expected} == expected
    others = PipelineOptions(beam_args.of("Ingest", config, RUN)).get_all_options()
    assert (others["machine_type"], others["max_num_workers"]) == ("n2-standard-4", 20)


def refused(arguments):
    options = PipelineOptions([*arguments, "--dry_run=True"])
    return PipelineOptionsValidator(options, DataflowRunner()).validate()


def test_names_of_jobs_are_ones_that_dataflow_takes():
    for component in BEAM_COMPONENTS:
        assert not refused(beam_args.of(component, load(*ON_DATAFLOW), RUN))
    named = load(*ON_DATAFLOW, f"name=a{'b' * 45}-{'c' * 30}")
    assert not refused(beam_args.of("Evaluator", named, RUN))
    assert refused(["--runner=DataflowRunner", "--job_name=Evaluator"])
    long = beam_args.job_name(named.name, "Evaluator", RUN)
    assert len(long) <= 63
    assert long.endswith("-evaluator-20260102-030405")
    assert "--" not in long


@pytest.mark.parametrize(
    ("configured", "given"),
    [
        ("[]", [NO_CONTAINER, PICKLER]),
        ("[--runner=DirectRunner]", ["--runner=DirectRunner", NO_CONTAINER, PICKLER]),
        ("[--setup_file=./setup.py]", ["--setup_file=./setup.py", PICKLER]),
        ("[--pickle_library=dill]", ["--pickle_library=dill", NO_CONTAINER]),
        # A runner with workers of its own would start the container.
        ("[--runner=FlinkRunner]", ["--runner=FlinkRunner"]),
        ("[--runner, FlinkRunner]", ["--runner", "FlinkRunner"]),
    ],
)
def test_what_runs_on_this_machine_is_not_packed_and_pickled_fast(configured, given):
    assert beam_args.on_this_machine(load(f"beam.pipeline_args={configured}"), "Transform") == given


def test_processes_share_the_data_stages_and_leave_the_models_alone():
    for component, arguments in built("beam.processes=3").items():
        found = PipelineOptions(arguments).get_all_options()
        several = component not in ("Evaluator", "Significance")
        assert found["direct_running_mode"] == ("multi_processing" if several else "in_memory")
        assert found["direct_num_workers"] == (3 if several else 1)
    assert built("beam.processes=1") == built()
    on_flink = built("beam.processes=3", "flink={job_endpoint: here:1, workers: here:2}")
    assert (
        on_flink["Transform"] == built("flink={job_endpoint: here:1, workers: here:2}")["Transform"]
    )
