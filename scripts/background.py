"""Servers in the background, which end with the process that started them."""

from __future__ import annotations

import pathlib
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Final

#: What makes a command of a program that is to end with its parent, killed or not.
CHILD: Final = (sys.executable, str(pathlib.Path(__file__).with_name("child.py")))


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
