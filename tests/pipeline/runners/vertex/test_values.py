"""Runtime parameters change from run to run; what does not fit is refused by name."""

import json

import pytest

from pipeline.runners.vertex.connection import UsageError
from pipeline.runners.vertex.values import with_values


def test_values_override_in_order(job):
    done = with_values(job, {"seed": 3, "data": "gs://a/b"}, ["seed=4"])
    assert done["runtimeConfig"]["parameterValues"] == {"data": "gs://a/b", "seed": 4}
    assert job["runtimeConfig"]["parameterValues"] == {"data": "gs://my-bucket/mpd"}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("NUMBER_INTEGER", "7", 7),
        ("NUMBER_DOUBLE", "0.5", 0.5),
        ("STRING", "a=b", "a=b"),
        ("BOOLEAN", "false", False),
        ("LIST", "[1]", [1]),
        ("STRUCT", '{"a": 1}', {"a": 1}),
    ],
)
def test_texts_become_what_the_specification_says(job, kind, text, value):
    job["pipelineSpec"]["root"]["inputDefinitions"]["parameters"]["x"] = {"parameterType": kind}
    assert with_values(job, None, [f"x={text}"])["runtimeConfig"]["parameterValues"]["x"] == value


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("sead=1", "has no parameter sead; it has data, seed."),
        ("seed=many", "seed: takes an integer, not 'many'"),
        ("seed", "--parameter takes NAME=VALUE, not 'seed'"),
        ("=1", "--parameter takes NAME=VALUE"),
    ],
)
def test_what_does_not_fit_is_refused(job, setting, says):
    with pytest.raises(UsageError, match=says):
        with_values(job, None, [setting])


@pytest.mark.parametrize("kind", ["LIST", "STRUCT", "BOOLEAN", "NUMBER_DOUBLE"])
def test_each_type_says_what_it_takes(job, kind):
    job["pipelineSpec"]["root"]["inputDefinitions"]["parameters"]["x"] = {"parameterType": kind}
    with pytest.raises(UsageError, match="--parameter x: takes "):
        with_values(job, None, ["x=nothing"])


def test_a_value_of_the_configuration_that_the_specification_lacks(job):
    with pytest.raises(UsageError, match="has no parameter steps"):
        with_values(job, {"steps": 3})


def test_a_value_that_is_missing_is_asked_for(job):
    del job["runtimeConfig"]
    with pytest.raises(UsageError, match="needs a value of data"):
        with_values(job)
    assert with_values(job, None, ["data=gs://x/y"])["runtimeConfig"] == {
        "parameterValues": {"data": "gs://x/y"}
    }


def test_a_specification_without_parameters(job):
    del job["pipelineSpec"]["root"]["inputDefinitions"], job["runtimeConfig"]["parameterValues"]
    assert with_values(job) == job
    with pytest.raises(UsageError, match="it has none"):
        with_values(job, None, ["seed=1"])


TRAINER = '{"params": {"epochs": 2, "counts": [1, 5], "warm": true, "name": null}, "seed": 17}'


def trainer(job, *settings):
    """The parameter's JSON after settings."""
    definition = {"parameterType": "STRING", "defaultValue": TRAINER}
    job["pipelineSpec"]["root"]["inputDefinitions"]["parameters"]["trainer_als"] = definition
    done = with_values(job, None, settings)["runtimeConfig"]["parameterValues"]
    return json.loads(done["trainer_als"])


def test_a_field_of_a_parameter_that_is_json(job):
    assert trainer(
        job,
        "trainer_als.params.epochs=3",
        "trainer_als.params.counts.1=7",
        "trainer_als.params.warm=false",
        "trainer_als.params.name=x",
    ) == {"params": {"epochs": 3, "counts": [1, 7], "warm": False, "name": "x"}, "seed": 17}


def test_a_field_of_a_value_that_was_given(job):
    job["runtimeConfig"]["parameterValues"]["trainer_als"] = '{"seed": 3}'
    assert trainer(job, "trainer_als.seed=4.5") == {"seed": 4.5}


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        (
            "trainer_als.params.epoch=3",
            r"trainer_als\.params has no epoch; it has epochs, counts, warm, name\.",
        ),
        ("trainer_als.params.counts.2=3", r"counts has no 2; it has 0, 1\."),
        ("trainer_als.seed.x=3", r"trainer_als\.seed has no x; it has nothing\."),
        ("trainer_als.params.epochs=many", r"params\.epochs: takes a number, not 'many'"),
        ("trainer_als.params.warm=1", r"params\.warm: takes true or false, not '1'"),
        ("data.x=3", "data: its value is no JSON"),
        ("trainer.x=3", r"has no parameter trainer\.x"),
    ],
)
def test_a_field_that_is_not_there_or_of_another_type(job, setting, says):
    with pytest.raises(UsageError, match=says):
        trainer(job, setting)


def configured(job, *settings, given=None):
    """The configuration that the report gets after settings."""
    parameters = job["pipelineSpec"]["root"]["inputDefinitions"]["parameters"]
    parameters["trainer_als"] = {"parameterType": "STRING", "defaultValue": TRAINER}
    config = {"seed": 17, "models": {"als": {"epochs": 2}, "two_tower": {"epochs": 9}}}
    parameters["config"] = {"parameterType": "STRING", "defaultValue": json.dumps(config)}
    done = with_values(job, given, settings)["runtimeConfig"]["parameterValues"]
    return json.loads(done["config"]) if "config" in done else None


def test_the_report_is_told_the_parameters_of_trainers(job):
    params = {"epochs": 3, "counts": [1, 5], "warm": True, "name": None}
    told = {"seed": 17, "models": {"als": params, "two_tower": {"epochs": 9}}}
    assert configured(job, "trainer_als.params.epochs=3") == told
    whole = json.dumps({"params": params})
    assert configured(job, f"trainer_als={whole}") == told
    # Over a configuration of the submission's own.
    given = {"config": '{"seed": 4}'}
    found = configured(job, "trainer_als.params.epochs=3", given=given)
    assert found == {"seed": 4, "models": {"als": params}}


def test_a_configuration_that_is_given_or_need_not_change_stays(job):
    assert configured(job) is None
    assert configured(job, "seed=3") is None
    assert configured(job, "trainer_als.params.epochs=2") is None
    assert configured(job, "trainer_als.seed=4") is None
    assert configured(job, "trainer_als=nothing") is None
    found = configured(job, "trainer_als.params.epochs=3", "config.seed=4")
    assert (found["seed"], found["models"]["als"]) == (4, {"epochs": 2})
