"""What a soak of engines calls wrong, from figures made by hand."""

import copy

import pytest

from benchmarks import engine_kills

TOLD = {"killed": "a Python worker", "failures": 1}
GOOD = {
    name: {"kills": dict.fromkeys(victims, TOLD), "differences": []}
    for name, victims in engine_kills.RUNS.items()
}


@pytest.fixture
def found():
    return copy.deepcopy(GOOD)


def test_nothing_is_wrong_where_each_kill_was_noticed_and_changed_nothing(found):
    assert engine_kills.failures({"runs": found}) == []


def test_a_difference_is_told(found):
    found["Transform"]["differences"] = ["counts.playlists: 300 and 301"]
    assert engine_kills.failures({"runs": found}) == [
        "Transform, killed: counts.playlists: 300 and 301"
    ]


def test_a_kill_that_came_too_late_is_told(found):
    del found["Evaluator"]["kills"]["Evaluator"]
    assert engine_kills.failures({"runs": found}) == [
        "Evaluator: a Python worker in Evaluator was not killed in time"
    ]


def test_a_kill_that_nobody_noticed_is_told(found):
    kills = found["the other way round"]["kills"]
    kills["Holdout"] = {**TOLD, "failures": 0}
    assert engine_kills.failures({"runs": found}) == [
        "the other way round: Holdout did not notice that a TaskManager was killed"
    ]


def test_a_run_that_is_missing_is_told(found):
    del found["Ingest and Holdout"]
    wrong = engine_kills.failures({"runs": found})
    assert [each.partition(":")[0] for each in wrong] == ["Ingest and Holdout"] * 2
