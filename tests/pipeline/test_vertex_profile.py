"""The profile of Vertex can be looked at as it is, and takes its places from the environment."""

import json

import pytest

from pipeline.overrides import RunConfigError, load_config
from pipeline.runners.vertex import placeholders

PLACES = {
    "SEGUE_PROJECT": "my-project",
    "SEGUE_REGION": "us-central1",
    "SEGUE_BUCKET": "my-bucket",
    "SEGUE_IMAGE": "us-docker.pkg.dev/my-project/segue/segue:1",
}


def profile(root, *settings):
    return load_config(str(root / "configs" / "vertex.yaml"), settings)


def test_as_it_is_it_holds_placeholders_that_are_named(root, monkeypatch):
    for name in PLACES:
        monkeypatch.delenv(name, raising=False)
    config = profile(root)
    assert config.storage == "gs://your-bucket/segue"
    assert placeholders.unsaid(config).keys() == {
        "data",
        "storage",
        "vertex.project",
        "vertex.image",
        "vertex.service_account",
    }


def test_the_environment_fills_them(root, monkeypatch):
    for name, value in PLACES.items():
        monkeypatch.setenv(name, value)
    config = profile(root)
    assert placeholders.unsaid(config) == {}
    assert (config.data, config.storage) == ("gs://my-bucket/mpd", "gs://my-bucket/segue")
    vertex = config.vertex
    assert (vertex.project, vertex.region) == ("my-project", "us-central1")
    assert vertex.service_account == "segue-pipeline@my-project.iam.gserviceaccount.com"


def test_a_setting_goes_before_the_environment(root, monkeypatch):
    monkeypatch.setenv("SEGUE_PROJECT", "my-project")
    assert profile(root, "vertex.project=other-one").vertex.project == "other-one"


def test_a_default_may_be_empty_and_a_plain_name_has_none(monkeypatch):
    monkeypatch.delenv("SEGUE_X", raising=False)
    with pytest.raises(RunConfigError, match=r"vertex\.project: set .* SEGUE_X, or the key by"):
        load_config(None, ["vertex.project=$SEGUE_X"], data="x")
    assert load_config(None, ["vertex.labels={a: '${SEGUE_X:-}'}"], data="x").vertex.labels == {
        "a": ""
    }


def test_a_local_directory_may_have_a_dollar_in_its_name():
    assert load_config(None, data="runs/$SEGUE_X").data == "runs/$SEGUE_X"


@pytest.mark.parametrize(
    ("cron", "is_fine"),
    [
        ("0 3 * * *", True),
        ("TZ=Europe/Berlin 0 3 * * *", True),
        ("CRON_TZ=UTC */5 * * * 1-5", True),
        ("nightly", False),
        ("0 3 * *", False),
        ("0 3 * * * *", False),
    ],
)
def test_a_cron_expression_has_five_fields(cron, is_fine):
    settings = [f"vertex.schedule.cron='{cron}'"]
    if is_fine:
        assert load_config(None, settings, data="x").vertex.schedule.cron == cron
    else:
        says = r"vertex\.schedule\.cron: takes five fields, such as 0 3 \* \* \*, and .*, not '"
        with pytest.raises(RunConfigError, match=says):
            load_config(None, settings, data="x")


@pytest.mark.parametrize("memory", ["16GB", "0Gi", "1.5Gi", "16", "Gi", "16Gi\n"])
def test_memory_is_a_number_and_a_unit(memory):
    says = r"resources\.default\.memory: takes a whole number and Mi, Gi, M or G, such as 16Gi"
    with pytest.raises(RunConfigError, match=says):
        load_config(
            None, [f"vertex.resources={{default: {{memory: {json.dumps(memory)}}}}}"], data="x"
        )
