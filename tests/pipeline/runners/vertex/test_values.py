"""Runtime parameters change from run to run; what does not fit is refused by name."""

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
