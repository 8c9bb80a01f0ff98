"""Programs of a Java development kit."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
from typing import Final

_OLDEST: Final = 17


class MissingError(RuntimeError):
    """Java or Maven is not there, or jars are not those that are pinned: one sentence."""


def program(name: str = "java") -> str:
    """The path of a program of a JDK that runs Flink and Kafka.

    Raises:
        MissingError: there is none of version 17 or later.
    """
    home = os.environ.get("JAVA_HOME")
    path = str(pathlib.Path(home, "bin", name)) if home else shutil.which(name)
    if path is None or not os.access(path, os.X_OK):
        raise MissingError(
            f"This needs {name} of a JDK of Java 17: install one, such as openjdk-17-jdk-headless."
        )
    done = run([path, "-version"])
    version = re.search(r'(?:version "|javac )(\d+)', done.stdout + done.stderr)
    if version is None or int(version[1]) < _OLDEST:
        raise MissingError(f"This needs Java 17; {path} is {done.stderr.splitlines()[0]}.")
    return path


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end, and keeps what it says."""
    return subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
