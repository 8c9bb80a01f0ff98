"""Steps of a release, and something that happens at one of them."""

from __future__ import annotations

import itertools
import os
import pathlib
from collections.abc import Callable
from typing import Any

from serving.canary.asking import Answer, Asker
from serving.canary.decision import Reply
from serving.canary.options import CanaryOptions
from serving.canary.watch import Seen, Watch
from serving.client import ConnectionOptions
from serving.protocol import Playlist
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
            self.step("send")
            request(switch, config)
            self.step("answer")

        patch(ServerSwitch, "_request", send)

    def step(self, kind: str) -> None:
        """Counts a step, which lets happen what happens there."""
        self.count += 1
        self._act(kind, self.count)

    def _before(self, kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **options: Any) -> Any:
            self.step(kind)
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

    steps = Steps(kill)
    with open_manager(target, base, config) as manager:
        if action in ("watch", "watch_bad"):
            watch(manager, version, action == "watch", lambda: steps.step("ask"))
        else:
            getattr(manager, action)(version)


def watch(
    manager: ReleaseManager,
    version: int | None,
    good: bool,
    at_first: Callable[[], object] = lambda: None,
) -> Seen:
    """Watches a canary of which every request is answered well, or none.

    Args:
        manager: of its server.
        version: the canary.
        good: whether requests are answered.
        at_first: is called at the first request.
    """
    calls = itertools.count()

    class Answers(Asker):
        def ask(self, playlist: Playlist) -> Answer:
            if next(calls) == 0:
                at_first()
            fails = self.label == "canary" and not good
            return Answer(Reply("broken" if fails else "", False, 1.0), (), self.version)

    def ask(label: str, of: int) -> Asker:
        return Answers("127.0.0.1:1", label, of, model="segue", options=ConnectionOptions())

    # The fewest requests that can show anything of 99 in 100.
    options = CanaryOptions(requests=150, warm_up=0, alpha=0.49, max_more_errors=0.2)
    return Watch(manager, ask, options).run(lambda stable: [Playlist("")], version)
