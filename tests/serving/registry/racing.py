"""Processes that change a registry at once."""

from __future__ import annotations

import multiprocessing
from typing import Any

from serving.registry import AliasMovedError
from tests.serving.registry.opening import Place

#: Its one parent process imports TensorFlow once.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.serving.registry.opening", "serving.registry.directory"])


def at_once(place: Place, actions: list[tuple[str, int, int | None]]) -> list[str]:
    """Runs each action in a process of its own, all at the same moment.

    Args:
        place: the registry.
        actions: "register" or "promote", with the version and the one that is expected.

    Returns:
        How each ended: "done", "moved", or what went wrong.
    """
    start, ends = PROCESSES.Barrier(len(actions)), [PROCESSES.SimpleQueue() for _ in actions]
    processes = [
        PROCESSES.Process(target=_act, args=(place, action, start, end))
        for action, end in zip(actions, ends, strict=True)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    return [end.get() if not end.empty() else "died" for end in ends]


def _act(place: Place, action: tuple[str, int, int | None], start: Any, end: Any) -> None:
    name, version, expected = action
    with place.open() as registry:
        registry.current("champion")  # what is imported late is, and what is slow at first
        start.wait(60)
        try:
            if name == "register":
                registry.register(place.registration(version), alias="challenger")
            else:
                registry.promote("champion", version, expected=expected)
        except AliasMovedError as error:
            end.put("moved" if error.found != expected else "not moved")
        except Exception as error:
            end.put(f"{type(error).__name__}: {error}")
        else:
            end.put("done")
