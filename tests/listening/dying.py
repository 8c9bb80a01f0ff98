"""An eraser that is killed (SIGKILL), once after each step that changes what is on the disk.

    python -m tests.listening.dying STORES COPIES LISTENER

copies the folder STORES, with `events` and `tables` in it, once a step; each copy is left as the
kill left it.
"""

from __future__ import annotations

import importlib
import itertools
import os
import pathlib
import shutil
import signal
import sys
from collections.abc import Callable
from typing import Any

from listening import erasure

STORES = ("events", "tables")
STEPS = ("replace", "rename", "unlink", "fsync", "mkdir", "rmdir")


def erase(folder: pathlib.Path, listener: str) -> None:
    erasure.erase({name: str(folder / name) for name in STORES}, [listener])


def _die_after(step: int) -> None:
    done = 0

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def made(*arguments: Any, **named: Any) -> Any:
            nonlocal done
            found = call(*arguments, **named)
            done += 1
            if done == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return found

        return made

    for name in STEPS:
        setattr(os, name, counted(getattr(os, name)))
    # Paths have functions of their own.
    for name in ("touch", "replace", "unlink"):
        setattr(pathlib.Path, name, counted(getattr(pathlib.Path, name)))


def _killed(folder: pathlib.Path, step: int, listener: str) -> bool:
    """Whether it died; a fork, since what it takes to start is here already."""
    child = os.fork()
    if not child:
        _die_after(step)
        erase(folder, listener)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status == 0:
        return False
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    raise RuntimeError(f"step {step}: the eraser ended with {status}")


def main(stores: str, copies: str, listener: str) -> None:
    for module in ("pyarrow.dataset", *(erasure.ERASERS[name] for name in STORES)):
        importlib.import_module(module)
    for step in itertools.count(1):
        folder = pathlib.Path(copies, f"{step:04d}")
        shutil.copytree(stores, folder)
        if not _killed(folder, step, listener):
            shutil.rmtree(folder)
            break


if __name__ == "__main__":
    main(*sys.argv[1:])
