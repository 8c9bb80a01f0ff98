"""Faults under a gateway that is asked without a break: what a client meets, and what is logged.

A version is taken away, the model server hangs, the store is spoilt, the clock jumps by a year
and back, the model server is killed, the broker goes away. Each stage asks as often, from eight
workers on two surfaces, half of the listeners within an experiment. No request may fail, and each
answer's exposure is logged or counted as unlogged; what is said to be logged is at the broker, and
its times are those of a clock that did not jump.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import tempfile
from collections.abc import Callable
from typing import Any, Final

from benchmarks.gateway_faulty_world import FaultyWorld

#: Requests of all stages together.
REQUESTS: Final = 10_000
_TRACKS: Final = 20_000
_YEAR: Final = 366 * 86_400.0
#: Stages in which nothing that models need is gone.
_SOUND: Final = ("nothing", "model back", "clock ahead", "clock behind", "broker gone")


def measure(requests: int = REQUESTS, tracks: int = _TRACKS) -> dict[str, Any]:
    """Runs the stages.

    Args:
        requests: of all stages together.
        tracks: of the model.
    """
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        world = FaultyWorld(pathlib.Path(scratch), tracks, stack)
        stages: dict[str, Callable[[], None]] = {
            "nothing": lambda: None,
            "version gone": lambda: world.serve(1),
            "slow model": world.hang,
            "model back": world.go_on,
            "store gone": world.spoil_store,
            "clock ahead": lambda: world.jump(_YEAR),
            "clock behind": lambda: world.jump(-2 * _YEAR),
            "model server gone": world.kill,
        }
        each = requests // (len(stages) + 1)
        found = {name: world.stage(fault, each) for name, fault in stages.items()}
        at_broker = world.at_broker()
        world.end_broker()
        found["broker gone"] = world.stage(lambda: None, requests - each * len(stages))
        return {**world.end(), **at_broker, "stages": found}


def failures(found: dict[str, Any]) -> list[str]:
    """What went wrong, in words."""
    wrong = [
        f"{name}: {stage['failed']} requests failed: {stage['faults']}"
        for name, stage in found["stages"].items()
        if stage["failed"]
    ]
    if found["answers"] != found["logged"] + sum(found["unlogged"].values()):
        wrong.append("answers are not logged and unlogged together")
    if found["answers_at_broker"] != found["answers_logged_by_then"]:
        wrong.append("the broker has not the answers that are said to be logged")
    if found["events_at_broker"] != found["slots_of_these_answers"]:
        wrong.append("the broker has not every slot of an answer")
    if found["event_times_off"]:
        wrong.append(f"{found['event_times_off']} events have the time of a clock that jumped")
    wrong += [
        f"{name}: it was served by {sorted(stage['served_by'])}, so there was no fault"
        for name, stage in found["stages"].items()
        if name not in _SOUND and set(stage["served_by"]) == {"model"}
    ]
    return wrong


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
