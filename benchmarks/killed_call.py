"""Runs `segue`, which kills itself with its process group as it enters a function.

What watches a process from outside may look too late; this is at the same place each time.

    python -m benchmarks.killed_call components.ingest.destination:replace tfrecords run --data DIR
"""

from __future__ import annotations

import functools
import importlib
import os
import pathlib
import signal
import sys
from typing import Any


def arm(function: str, ends: str = "") -> None:
    """Lets a call of a function be the end of the process and of its group (kill -9).

    Args:
        function: MODULE:NAME, as its callers find it; NAME may be one of a class or of a module.
        ends: the name that the path in its last argument has to end with; any call if it is empty.

    Raises:
        AttributeError, ImportError: if there is no such function.
    """
    module, _, path = function.partition(":")
    *owners, name = path.split(".")
    owner = functools.reduce(getattr, owners, importlib.import_module(module))
    called = getattr(owner, name)

    @functools.wraps(called)
    def killed(*arguments: Any, **named: Any) -> Any:
        if not ends or pathlib.PurePath(str(arguments[-1])).name == ends:
            os.killpg(0, signal.SIGKILL)
        return called(*arguments, **named)

    setattr(owner, name, killed)


if __name__ == "__main__":
    where, last, *command = sys.argv[1:]
    sys.argv[1:] = command
    from pipeline import cli

    arm(where, last)
    cli.main()
