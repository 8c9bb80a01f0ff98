"""What a soak of the gateway calls wrong, from figures written by hand."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from benchmarks import gateway_faults

GOOD: dict[str, Any] = {
    "answers": 30,
    "logged": 20,
    "unlogged": {"failed": 10},
    "answers_logged_by_then": 20,
    "answers_at_broker": 20,
    "slots_of_these_answers": 600,
    "events_at_broker": 600,
    "event_times_off": 0,
    "stages": {
        "nothing": {"failed": 0, "faults": {}, "served_by": {"model": 10}},
        "store gone": {"failed": 0, "faults": {}, "served_by": {"published": 10}},
        "broker gone": {"failed": 0, "faults": {}, "served_by": {"model": 10}},
    },
}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, []),
        ({"logged": 19}, ["answers are not logged and unlogged together"]),
        (
            {"answers_at_broker": 19},
            ["the broker has not the answers that are said to be logged"],
        ),
        ({"events_at_broker": 599}, ["the broker has not every slot of an answer"]),
        ({"event_times_off": 2}, ["2 events have the time of a clock that jumped"]),
    ],
)
def test_failures(change: dict[str, Any], wrong: list[str]) -> None:
    assert gateway_faults.failures({**GOOD, **change}) == wrong


def test_failures_of_a_stage() -> None:
    found = copy.deepcopy(GOOD)
    found["stages"]["nothing"] |= {"failed": 1, "faults": {"status 500": 1}}
    found["stages"]["store gone"]["served_by"] = {"model": 10}
    assert gateway_faults.failures(found) == [
        "nothing: 1 requests failed: {'status 500': 1}",
        "store gone: it was served by ['model'], so there was no fault",
    ]
