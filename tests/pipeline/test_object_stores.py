"""What TensorFlow is told of object stores, without any of them."""

import os
import sys
import types

import pytest

from pipeline import object_stores
from pipeline.overrides import RunConfigError, load_config

NAMES = (
    "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_DEFAULT_REGION", "AWS_REGION", "S3_ENDPOINT",
    "S3_USE_HTTPS",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that what is set is taken back
        monkeypatch.delenv(name)


def test_nothing_is_loaded_for_other_places(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_io", None)
    object_stores.prepare({"storage": "gs://bucket/segue", "release_record": None, "out": "out"})


def test_what_lies_on_s3_without_tensorflow_io_is_named_with_the_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_io", None)
    with pytest.raises(object_stores.NoFileSystemError) as error:
        object_stores.prepare({"storage": None, "release_record": "s3://bucket/releases.json"})
    assert str(error.value).startswith("release_record: TensorFlow reaches s3://")
    assert "segue-recommender[s3]" in str(error.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, {}),
        (
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:9000"},
            {"S3_ENDPOINT": "http://127.0.0.1:9000", "S3_USE_HTTPS": "0"},
        ),
        (
            {"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_S3": "https://b"},
            {"S3_ENDPOINT": "https://b", "S3_USE_HTTPS": "1"},
        ),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, {"AWS_REGION": "eu-west-1"}),
        ({"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "us-east-1"}, {}),
        ({"AWS_ENDPOINT_URL": "http://a", "S3_ENDPOINT": "c", "S3_USE_HTTPS": "1"}, {}),
    ],
)
def test_tensorflows_client_is_told_what_amazons_own_knows(monkeypatch, given, told):
    monkeypatch.setitem(sys.modules, "tensorflow_io", types.ModuleType("tensorflow_io"))
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    object_stores.prepare({"storage": "s3://bucket/segue"})
    assert {name: os.environ[name] for name in NAMES if name in os.environ} == {**given, **told}


def test_storage_may_be_on_s3_but_not_for_workers_of_google(root):
    assert load_config(None, ["storage=s3://bucket/segue"], data="x").storage == "s3://bucket/segue"
    with pytest.raises(RunConfigError, match="storage: Dataflow's workers"):
        load_config(
            str(root / "configs" / "dataflow.yaml"),
            ["storage=s3://bucket/segue", "dataflow.project=my-project",
             "dataflow.region=europe-west4", "dataflow.image=registry/image"],
            data="x",
        )  # fmt: skip
