"""Releases under load: the plan, and what is summed up of requests written by hand."""

from benchmarks import swaps
from benchmarks.swap_versions import BROKEN


def test_the_plan_changes_the_stable_version_twenty_times_and_tries_all_that_is_broken():
    steps = swaps.plan()
    stable, before, last, changes = 1, [], 1, 0
    canary = None
    for step in steps:
        last += step.pushes
        if step.broken:
            continue
        if step.command == "canary":
            canary = last
        elif step.command != "rollback":
            before.append(stable)
            stable, changes = last, changes + 1
        elif canary is not None:
            canary = None
        else:
            stable, changes = before.pop(), changes + 1
    assert changes == 20
    assert {step.broken for step in steps if step.command == "watch"} >= BROKEN.keys()


def step(began, ended, command, stable, version=None, broken=""):
    return {
        "command": command, "version": version, "broken": broken, "stable": stable,
        "began": began, "ended": ended, "status": "ok", "why": None,
    }  # fmt: skip


def test_requests_belong_to_what_was_going_on():
    steps = [
        step(0, 10, "promote", 1, 1),
        step(20, 22, "promote", 2, 2),
        step(30, 40, "watch", 2, 3, "nan"),
        step(50, 51, "rollback", 1),
    ]
    trace = [
        [12, 10.0, "", 1],
        [19.5, 1000.0, "", 1],  # was under way when the release began
        [21, 30.0, "", 2],
        [23, 10.0, "", 2],
        [35, 50.0, "", 2],
        [45, 20.0, "", 3],  # the broken one answers where it should not
        [50.5, 10.0, "INTERNAL: x", 0],
        [60, 10.0, "", 1],
    ]
    found = swaps.figures(trace, steps)
    assert (found["requests"], found["failed"], found["swaps"]) == (8, 2, 2)
    assert found["faults"] == {
        "answered by another version than the stable one": 1,
        "INTERNAL: x": 1,
    }
    counts = {kind: each["requests"] for kind, each in found["milliseconds"].items()}
    assert counts == {"release": 3, "watch": 1, "outside": 4}
    assert found["milliseconds"]["outside"]["max"] == 20.0
    assert (found["seconds_of_a_release"], found["seconds_of_a_watch"]) == (2, 10)
    assert [each["broken"] for each in found["broken"]] == ["nan"]
    assert found["broken_that_became_stable"] == []
    steps[2]["stable"] = 3
    assert swaps.figures(trace, steps)["broken_that_became_stable"] == ["nan"]
