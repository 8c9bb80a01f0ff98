"""Runs a command that ends with the process that started it, even one that is killed (on Linux).

python child.py [--signal=NUMBER] COMMAND ...: the signal that it gets then; SIGKILL by default.
"""

import contextlib
import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1

command = sys.argv[1:]
number = int(signal.SIGKILL)
if command[0].startswith("--signal="):
    number = int(command.pop(0).partition("=")[2])
with contextlib.suppress(AttributeError):  # no Linux
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)
os.execvp(command[0], command)  # noqa: S606 - what the caller gave, without a shell
