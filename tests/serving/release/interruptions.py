"""Steps of a release, and something that happens at one of them."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable
from typing import Any

from serving.release import ReleaseManager
from serving.release.switch import ServerSwitch

KILLED = 9

#: What is patched, and the kind of its step.
_FILES = {"write_text": "write", "replace": "rename", "unlink": "remove"}


class Steps:
    """Calls `act` with the kind and number of every step, in turn.

    A request to the server is two steps: before it is sent ("send"), and when the server has done
    it, before the answer is read ("answer").

    Args:
        act: may raise, or end the process.
        patch: sets an attribute (`setattr`, or pytest's).
    """

    def __init__(
        self, act: Callable[[str, int], None], patch: Callable[[Any, str, Any], None] = setattr
    ) -> None:
        self._act = act
        self.count = 0
        for name, kind in _FILES.items():
            patch(pathlib.Path, name, self._before(kind, getattr(pathlib.Path, name)))
        request = ServerSwitch._request

        def send(switch: ServerSwitch, config: Any) -> None:
            self._step("send")
            request(switch, config)
            self._step("answer")

        patch(ServerSwitch, "_request", send)

    def _step(self, kind: str) -> None:
        self.count += 1
        self._act(kind, self.count)

    def _before(self, kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **options: Any) -> Any:
            self._step(kind)
            return function(*args, **options)

        return wrapped


def open_manager(target: str, base: str, config: str, **options: Any) -> ReleaseManager:
    """A manager that gives up soon."""
    options = {"load_timeout": 30, "settle_seconds": 0.2} | options
    return ReleaseManager(target, base, config, **options)


def release(target: str, base: str, config: str, action: str, version: int, kill_at: int) -> None:
    """Releases a version, in a process of its own that is killed at a step (0: never)."""

    def kill(kind: str, number: int) -> None:
        del kind
        if number == kill_at:
            os._exit(KILLED)

    Steps(kill)
    with open_manager(target, base, config) as manager:
        getattr(manager, action)(version)
