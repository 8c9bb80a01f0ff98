"""The section `flink` of a configuration, the profile that has it, and what jobs get of it."""

import pathlib

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline import beam_args
from pipeline.options.beam import BEAM_COMPONENTS
from pipeline.overrides import RunConfigError, load_config

PROFILE = str(pathlib.Path(__file__).parents[2] / "configs" / "flink.yaml")
RUN = "20260102-030405"


def load(*settings, profile=PROFILE):
    return load_config(profile, settings, data="somewhere")


def options_of(component, config):
    return PipelineOptions(beam_args.of(component, config, RUN)).get_all_options(
        retain_unknown_options=True
    )


def test_the_profile_is_the_cluster_of_make_flink():
    cluster = pytest.importorskip("scripts.flink.cluster")
    config = load()
    assert config.flink.chosen == BEAM_COMPONENTS
    options = cluster.Cluster(pathlib.Path("unused")).options
    assert {key: getattr(config.flink, key) for key in options} == options


def test_what_a_job_gets():
    config = load(
        "flink.parallelism=8",
        "flink.artifact_endpoint=beam:8098",
        "flink.pipeline_args=[--environment_type=DOCKER]",
    )
    options = options_of("Transform", config)
    expected = {
        "runner": "PortableRunner",
        "job_endpoint": "127.0.0.1:8099",
        "artifact_endpoint": "beam:8098",
        "environment_config": "127.0.0.1:50000",
        "environment_type": "DOCKER",
        "job_name": "segue-transform-20260102-030405",
        "parallelism": 8,
        "execution_mode_for_batch": "BATCH_FORCED",
    }
    assert {name: options[name] for name in expected} == expected


def test_small_steps_may_stay_in_the_process():
    config = load("flink.components=[Transform, Evaluator]")
    runners = {name: options_of(name, config)["runner"] for name in BEAM_COMPONENTS}
    on_flink = {name for name, runner in runners.items() if runner == "PortableRunner"}
    assert on_flink == {"Transform", "Evaluator"}


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("flink.components=[Trainer]", "'Trainer' is not a component that Beam runs"),
        ("flink.job_endpoint=beam", "flink.job_endpoint"),
        ("flink.page=localhost:8081", "flink.page"),
        ("flink.parallelism=0", "flink.parallelism"),
        ("flink.slots=4", "flink.slots"),
        ("flink.pipeline_args=[--streaming=maybe=x, --job_server_timeout=soon]", "Beam says"),
    ],
)
def test_what_cannot_be_is_refused_by_its_key(setting, words):
    with pytest.raises(RunConfigError, match="flink") as error:
        load(setting)
    assert words in str(error.value)


def test_a_component_runs_on_one_engine():
    image = "europe-docker.pkg.dev/p/r/s@sha256:12"
    place = f"project: my-project-1, region: europe-west4, image: '{image}'"
    both = ["storage=gs://my-bucket/segue", f"dataflow={{{place}, components: [Ingest]}}"]
    with pytest.raises(RunConfigError, match="Ingest runs on Dataflow too"):
        load(*both)
    config = load(*both, "flink.components=[Transform]")
    assert options_of("Ingest", config)["runner"] == "DataflowRunner"
    assert options_of("Transform", config)["runner"] == "PortableRunner"
