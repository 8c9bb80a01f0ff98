"""The files in configs/: each is valid, compiles, and changes no more than its name says."""

import json
import pathlib

import pytest
import yaml

from pipeline.overrides import load_config
from pipeline.runners.vertex.compiling import compile_pipeline

CONFIGS = pathlib.Path(__file__).resolve().parents[2] / "configs"
PROFILES = sorted(path.stem for path in CONFIGS.glob("*.yaml"))
#: What a profile of a place may set: where things lie and what runs them, not what is computed.
PLACES = {
    "local": {"beam"},
    "dataflow": {"storage", "dataflow"},
    "flink": {"flink"},
    "vertex": {"data", "storage", "vertex"},
}


@pytest.fixture(autouse=True)
def variables(monkeypatch):
    monkeypatch.setenv("SEGUE_PROJECT", "my-project")
    monkeypatch.setenv("SEGUE_REGION", "europe-west4")
    monkeypatch.setenv("SEGUE_BUCKET", "my-bucket")
    monkeypatch.setenv("SEGUE_IMAGE", "registry/segue@sha256:12")


def loaded(profile, *settings):
    return load_config(str(CONFIGS / f"{profile}.yaml"), settings, data="gs://my-bucket/mpd")


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_compiles(profile):
    job = compile_pipeline(loaded(profile, "storage=gs://my-bucket/segue")).job
    assert "Pusher" in job["pipelineSpec"]["root"]["dag"]["tasks"]


@pytest.mark.parametrize("place", PLACES)
def test_a_place_changes_where_and_not_what(place):
    assert {*yaml.safe_load((CONFIGS / f"{place}.yaml").read_text())} <= PLACES[place]
    given = loaded(place).model_dump()
    defaults = load_config(None, data="gs://my-bucket/mpd").model_dump()
    assert {key for key in given if given[key] != defaults[key]} <= PLACES[place]


def test_the_local_profile_is_the_default():
    assert loaded("local") == load_config(None, data="gs://my-bucket/mpd")


@pytest.mark.parametrize("profile", PROFILES)
def test_no_profile_holds_a_secret(profile):
    text = json.dumps(yaml.safe_load((CONFIGS / f"{profile}.yaml").read_text())).lower()
    assert not [word for word in ("password", "secret", "private_key", "token") if word in text]
