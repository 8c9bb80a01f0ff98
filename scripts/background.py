"""Servers in the background, which end with the process that started them."""

from __future__ import annotations

import abc
import pathlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, TypeVar

#: What makes a command of a program that is to end with its parent, killed or not.
CHILD: Final = (sys.executable, str(pathlib.Path(__file__).with_name("child.py")))

_Started = TypeVar("_Started", bound="Service")


class Service(abc.ABC):
    """A program that a block has run; a context manager that starts it and ends it.

    Args:
        name: what it is called in messages.
        log: what it says.
        failed: makes the error of one sentence that says why it cannot start.
    """

    def __init__(self, name: str, log: pathlib.Path, failed: type[RuntimeError]) -> None:
        self.log = log
        self._name, self._failed = name, failed
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self: _Started) -> _Started:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @abc.abstractmethod
    def start(self) -> None:
        """Starts it, and waits until it answers."""

    @abc.abstractmethod
    def stop(self) -> None:
        """Ends it as its operator would."""

    @abc.abstractmethod
    def kill(self) -> None:
        """Ends it as a crash would (SIGKILL)."""

    def runs(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    def _await_answer(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._answers():
            if not self.runs():
                raise self._failed(f"{self._name} ended while it started: {self._last_words()}")
            if time.monotonic() > deadline:
                raise self._failed(f"{self._name} is not ready; see {self.log}")
            time.sleep(0.2)

    @abc.abstractmethod
    def _answers(self) -> bool: ...

    @abc.abstractmethod
    def _last_words(self) -> str: ...


def free_port() -> int:
    """A port of this machine's own address that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def start(
    command: Sequence[str],
    folder: pathlib.Path,
    log: pathlib.Path,
    environment: Mapping[str, str] | None = None,
    end: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Starts a program.

    Args:
        command: without a shell.
        folder: where it works.
        log: what it says is added to it.
        environment: instead of this process's.
        end: what it gets when this process is gone; one with processes of its own has to hear it.
    """
    with log.open("ab") as file:
        return subprocess.Popen(  # noqa: S603 - no shell
            [*CHILD, f"--signal={int(end)}", *command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the one who started it, who ends it
        )
