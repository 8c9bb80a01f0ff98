"""Runs a measurement in a process of its own and records it with the machine and the versions."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from typing import Any, Final

import psutil

ROOT: Final = pathlib.Path(__file__).resolve().parent.parent
RESULTS: Final = pathlib.Path(__file__).resolve().parent / "results"
#: Real playlists, which the project does not hold; benchmarks on them need this folder.
REAL_DATA: Final = ROOT.parent / "shared" / "data" / "mpd-sample"
SCORE_TOOL: Final = ROOT.parent / "shared" / "tools" / "score.py"

_PACKAGES: Final = (
    "tfx",
    "tensorflow",
    "tensorflow-recommenders",
    "tensorflow-model-analysis",
    "apache-beam",
    "implicit",
    "numpy",
    "scipy",
)


@dataclasses.dataclass(frozen=True)
class Finished:
    """A process that ended well.

    Attributes:
        seconds: wall time.
        cpu_seconds: user and system time of it and its children.
        peak_gib: most resident memory of all of them at one time, looked at four times a second,
            or of a single one of them, whichever is more.
        output: what it printed.
    """

    seconds: float
    cpu_seconds: float
    peak_gib: float
    output: str

    def figures(self) -> dict[str, float]:
        """What is recorded of it, memory in MiB."""
        return {
            "seconds": round(self.seconds, 1),
            "cpu_seconds": round(self.cpu_seconds, 1),
            "peak_mib": round(1024 * self.peak_gib),
        }

    def told(self) -> dict[str, Any]:
        """The last object of JSON that it printed, on a line of its own."""
        found = [line for line in self.output.splitlines() if line.startswith("{")]
        told: dict[str, Any] = json.loads(found[-1])
        return told


class CommandFailedError(RuntimeError):
    """A measured command failed."""


def run(command: Sequence[str], **environment: str) -> Finished:
    """Runs a command from the project's root.

    Args:
        command: the program and its arguments.
        **environment: variables to set for it.

    Raises:
        CommandFailedError: if it exits with an error; the message holds its last output.
    """
    env = {**os.environ, **environment}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    started = time.monotonic()
    process = subprocess.Popen(
        list(command), cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    with _watched(process.pid) as watched:
        output = process.stdout.read().decode(errors="replace")
        # wait4 has this child's own figures; RUSAGE_CHILDREN would mix in earlier ones.
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise CommandFailedError(
            f"{' '.join(command)} exited with {process.returncode}:\n{output[-3000:]}"
        )
    return Finished(
        seconds=time.monotonic() - started,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_gib=max(usage.ru_maxrss / 2**20, watched.bytes / 2**30),
        output=output,
    )


@dataclasses.dataclass
class _Memory:
    bytes: int = 0


@contextlib.contextmanager
def _watched(pid: int) -> Iterator[_Memory]:
    """Keeps the most memory that a process and its descendants had together."""
    most, ended = _Memory(), threading.Event()

    def look() -> None:
        while not ended.wait(0.25):
            most.bytes = max(most.bytes, _resident(pid))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        ended.set()
        thread.join()


def _resident(pid: int) -> int:
    total = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                total += one.memory_info().rss
    return total


def segue(*arguments: str, **environment: str) -> Finished:
    """Runs the `segue` command."""
    return run([sys.executable, "-m", "pipeline.cli", *arguments], **environment)


def kept(path: pathlib.Path, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Measures what has not been measured yet.

    Args:
        path: where the figures are kept, so that a benchmark that is cut short goes on.
        measure: gives them.
    """
    if not path.exists():
        path.write_text(json.dumps(measure()), encoding="utf-8")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    info = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
    }
    return {key: value for key, value in info.items() if value}


def _processor() -> str:
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


def record(name: str, figures: dict[str, Any]) -> pathlib.Path:
    """Writes the figures of a benchmark, replacing those of its last run.

    Args:
        name: the benchmark's name, which becomes the file's.
        figures: JSON values.

    Returns:
        The file's path.
    """
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    content = {
        "benchmark": name,
        "measured": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "machine": machine(),
        "versions": {
            "python": platform.python_version(),
            **{package: metadata.version(package) for package in _PACKAGES},
        },
        "figures": figures,
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return path
