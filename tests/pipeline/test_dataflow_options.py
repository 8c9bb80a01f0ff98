"""The section `dataflow` of a configuration, and the profile that has it."""

import pathlib

import pytest

from pipeline.options.beam import BEAM_COMPONENTS
from pipeline.overrides import RunConfigError, load_config

PROFILE = str(pathlib.Path(__file__).parents[2] / "configs" / "dataflow.yaml")
PLACES = {
    "SEGUE_PROJECT": "my-project-1",
    "SEGUE_REGION": "europe-west4",
    "SEGUE_BUCKET": "my-bucket",
    "SEGUE_IMAGE": "europe-docker.pkg.dev/p/r/segue@sha256:12",
}


@pytest.fixture
def places(monkeypatch):
    for name, value in PLACES.items():
        monkeypatch.setenv(name, value)


def load(*settings):
    return load_config(PROFILE, settings, data="gs://my-bucket/mpd")


def refusal(*settings):
    with pytest.raises(RunConfigError) as error:
        load(*settings)
    return str(error.value)


def test_the_profile_takes_its_places_from_the_environment(places):
    config = load()
    assert config.storage == "gs://my-bucket/segue"
    assert config.dataflow.project == "my-project-1"
    assert config.dataflow.image.endswith("segue@sha256:12")
    assert config.dataflow.chosen == BEAM_COMPONENTS
    assert not config.dataflow.public_ips


def test_all_that_is_not_set_is_named_at_once(monkeypatch):
    for name in PLACES:
        monkeypatch.delenv(name, raising=False)
    told = refusal()
    for key, name in (
        ("storage", "SEGUE_BUCKET"),
        ("dataflow.project", "SEGUE_PROJECT"),
        ("dataflow.region", "SEGUE_REGION"),
        ("dataflow.image", "SEGUE_IMAGE"),
    ):
        assert f"{key}: set the environment variable {name}, or" in told


def test_settings_take_the_place_of_the_environment(monkeypatch):
    monkeypatch.delenv("SEGUE_PROJECT", raising=False)
    for name in ("SEGUE_REGION", "SEGUE_BUCKET", "SEGUE_IMAGE"):
        monkeypatch.setenv(name, PLACES[name])
    assert load("dataflow.project=other-project").dataflow.project == "other-project"


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("storage=null", ["storage", "gs://BUCKET/FOLDER"]),
        ("storage=out", ["storage", "gs://", "s3://"]),
        ("storage='gs://b-1/with*star'", ["storage"]),
        ("dataflow={project: my-project-1}", ["dataflow.region: is required", "dataflow.image"]),
        ("dataflow.project=My_Project", ["dataflow.project", "My_Project"]),
        ("dataflow.image=segue", ["dataflow.image", "segue"]),
        ("dataflow.components=[Trainer]", ["dataflow.components", "'Trainer'", *BEAM_COMPONENTS]),
        ("dataflow.stages={Pusher: {}}", ["dataflow.stages", "'Pusher'", "Transform"]),
        ("dataflow.stages.Transform.memory=1", ["Transform.memory: unknown", "machine_type"]),
        ("dataflow.stages.Transform.disk_gb=9", ["dataflow.stages.Transform.disk_gb", "10"]),
        ("dataflow.components=[Ingest]", ["dataflow", "Transform", "not among the components"]),
        ("dataflow.labels={Team: a}", ["dataflow.labels", "Team"]),
        ("dataflow.autoscaling=SOME", ["dataflow.autoscaling", "THROUGHPUT_BASED", "NONE"]),
        ("dataflow.subnetwork=mine", ["dataflow.subnetwork", "regions/"]),
        ("dataflow.kms_key=k", ["dataflow.kms_key", "cryptoKeys"]),
        ("dataflow.pipeline_args=[--num_workers=x]", ["dataflow.pipeline_args: Beam says"]),
        ("dataflow.machine=a", ["dataflow.machine: unknown key", "machine_type"]),
    ],
)
def test_what_is_wrong_is_named_with_what_is_accepted(places, setting, says):
    told = refusal(setting)
    for part in says:
        assert part in told


def test_without_the_section_nothing_is_asked_for():
    assert load_config(None, data="somewhere").dataflow is None
    nothing = load_config(
        None,
        ["dataflow={project: my-project-1, region: europe-west4, image: a/b, components: []}"],
        data="somewhere",
    )
    assert nothing.storage is None
