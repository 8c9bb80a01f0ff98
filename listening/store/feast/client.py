"""The process that Feast runs in: asked by a line of JSON, kept as long as this process lives.

Importing Feast takes some ten seconds, so one process answers for all stores of this one.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import tempfile
import threading
from typing import Any, Final

_BOOT: Final = (
    "import runpy, sys; sys.path.append(sys.argv.pop()); runpy.run_module('worker', alter_sys=True)"
)
_HOME: Final = os.path.dirname(os.path.abspath(__file__))
_SHOWN: Final = 600  # bytes of what it printed last
_SHARED: dict[tuple[int, str], Worker] = {}


class FeastError(OSError):
    """Feast, or a service behind it, failed at what it was asked for."""


class Worker:
    """The process.

    Attributes:
        pid: its own; None before the first question.
    """

    def __init__(self, python: str) -> None:
        """Names the interpreter; the process starts with the first question."""
        self._python = python
        self._process: subprocess.Popen[str] | None = None
        self._printed: Any = None
        self._one = threading.Lock()

    @property
    def pid(self) -> int | None:
        """See the class."""
        return None if self._process is None else self._process.pid

    def ask(self, call: str, **arguments: Any) -> Any:
        """Asks, and waits for the answer.

        Raises:
            FeastError: it failed, or the process ended; the next question starts another one.
        """
        with self._one:
            if self._process is None:
                self._start()
            answer = self._exchange(json.dumps({"call": call, **arguments}))
        if "error" in answer:
            raise FeastError(f"Feast: {answer['error']}")
        return answer["found"]

    def end(self) -> None:
        """Ends the process."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def _start(self) -> None:
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE")
        }
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        self._process = subprocess.Popen(  # noqa: S603 - the interpreter that was named
            [self._python, "-c", _BOOT, _HOME],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
            env=environment,
            text=True,
            encoding="utf-8",
        )
        self._exchange(None)

    def _exchange(self, line: str | None) -> dict[str, Any]:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            if line is not None:
                process.stdin.write(line + "\n")
                process.stdin.flush()
        answer = process.stdout.readline()
        if answer:
            found: dict[str, Any] = json.loads(answer)
            return found
        self.end()
        self._printed.seek(0, os.SEEK_END)
        self._printed.seek(max(self._printed.tell() - _SHOWN, 0))
        said = " ".join(self._printed.read().decode(errors="replace").split())
        raise FeastError(f"Feast's process ended ({process.returncode}): {said or 'no word'}")


def shared(python: str) -> Worker:
    """The worker of this process that runs on an interpreter."""
    key = (os.getpid(), python)
    if key not in _SHARED:
        _SHARED[key] = Worker(python)
        atexit.register(_SHARED[key].end)
    return _SHARED[key]
