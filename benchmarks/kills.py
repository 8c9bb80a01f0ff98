"""A run that is killed again and again, and ends as if nothing had happened.

`segue run` is killed with its whole process group (kill -9) at every point of `kill_points`, then
started again by the same command, until the last one may end. What it left is compared by value
with what an undisturbed run left.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from benchmarks import harness, kills_left, runs
from benchmarks.kill_points import HISTORIES, History, Point

#: Of every run.
SETTINGS: Final = ("candidate=als", "baselines=[popularity]", "models.als.factors=16")
_SEGUE: Final = "pipeline.cli"
_POLL: Final = 0.002
#: A node that takes longer than that from its start to its end is taken for stuck.
_STUCK_SECONDS: Final = 1800.0
#: How often a point is tried that a run passes too fast.
_TRIES: Final = 4
#: A node that takes less is killed as soon as it begins.
_QUICK_SECONDS: Final = 1.0
_STARTED: Final = re.compile(r"^▸ (\S+)", re.MULTILINE)
_ENDED: Final = re.compile(r"^[✓↺✗=] (\S+)", re.MULTILINE)


def measure(seed: int = 1) -> Iterator[dict[str, Any]]:
    """Runs undisturbed, then with kills, and compares.

    Args:
        seed: of the moments within a node.

    Yields:
        After each history all that ended, by name: `kills`, each with its point, the nodes that
        were under way and whether it hit that of its point; `differences` between what both runs
        left, in words; `versions`, how many were pushed; `left`: what lies half written, what
        `segue gc` names, and how much lies in the folder of temporary files.
    """
    found = {}
    for name, history in HISTORIES.items():
        found[name] = _measure(history, random.Random(seed))
        yield {"seed": seed, "histories": dict(found)}


def _measure(history: History, chance: random.Random) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="segue-kills-") as name:
        folder = pathlib.Path(name)
        for number, playlists in enumerate(history.playlists, start=1):
            place = str(folder / "data" / history.data).replace("{SPAN}", str(number))
            size, seed = str(playlists), str(number + 2)
            harness.segue("sample", "--playlists", size, "--seed", seed, "--output", place)
        data = folder / "data" / history.data
        given = (*SETTINGS, *history.settings)
        settings = [word for setting in given for word in ("--set", setting)]
        whole = runs.run_pipeline(data, folder / "whole", *settings)
        out = folder / "killed"
        command = ["run", "--data", str(data), "--out", str(out), *settings]
        kills = []
        for number, point in enumerate(history.points):
            seconds = whole["seconds_by_component"].get(point.node, 0.0)
            wait = chance.uniform(0.0, 0.5) * seconds if seconds > _QUICK_SECONDS else 0.0
            log = folder / f"console-{number}.txt"
            kills.append(_kill(command, out, point, wait, log))
            print(f"{point.name}: {kills[-1]}", flush=True)
        last = harness.segue(*command, TMPDIR=str(_made(folder / "temporary")))
        return {
            "kills": kills,
            "last_seconds": round(last.seconds, 1),
            "undisturbed_seconds": whole["seconds"],
            "differences": kills_left.differences(folder / "whole", out),
            "versions": len(kills_left.versions(out)),
            "left": kills_left.left(out),
        }


def _made(folder: pathlib.Path) -> pathlib.Path:
    folder.mkdir(exist_ok=True)
    return folder


def _kill(
    command: list[str], out: pathlib.Path, point: Point, wait: float, log: pathlib.Path
) -> dict[str, Any]:
    """Kills a run at a point, once more from the same state where that came too late."""
    before = log.parent / "before"
    for tries in range(1, _TRIES + 1):
        _copy(out, before)
        found = {**_kill_once(command, out, point, wait, log), "tries": tries}
        if found["hit"] or tries == _TRIES:
            break
        _copy(before, out)
        wait /= 3
    return found


def _copy(folder: pathlib.Path, to: pathlib.Path) -> None:
    shutil.rmtree(to, ignore_errors=True)
    if folder.exists():
        shutil.copytree(folder, to, symlinks=True)


def _kill_once(
    command: list[str], out: pathlib.Path, point: Point, wait: float, log: pathlib.Path
) -> dict[str, Any]:
    program = ["benchmarks.killed_call", point.called, point.ends] if point.called else [_SEGUE]
    with log.open("wb") as console:
        process = subprocess.Popen(
            [sys.executable, "-m", *program, *command],
            cwd=harness.ROOT,
            env={**os.environ, "TMPDIR": str(_made(log.parent / "temporary"))},
            stdout=console,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    began = time.monotonic()
    try:
        hit = _reached(process, out, point, wait, log)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    told = log.read_text("utf-8", "replace")
    during = [node for node in _STARTED.findall(told) if node not in _ENDED.findall(told)]
    return {
        "point": point.name,
        "hit": hit and process.returncode == -signal.SIGKILL and point.node in during,
        "seconds": round(time.monotonic() - began, 1),
        "during": during,
    }


def _reached(
    process: subprocess.Popen[bytes],
    out: pathlib.Path,
    point: Point,
    wait: float,
    log: pathlib.Path,
) -> bool:
    """Waits for a point; False where its node ends before, or the run.

    At a function's call the run kills itself.
    """
    limit, due = time.monotonic() + _STUCK_SECONDS, None
    while process.poll() is None and time.monotonic() < limit:
        if point.written and point.is_written(out):
            return True
        told = log.read_text("utf-8", "replace")
        if point.node in _ENDED.findall(told):
            return False
        if due is None and point.node in _STARTED.findall(told):
            due = time.monotonic() + wait
        timed = not point.written and not point.called
        if timed and due is not None and time.monotonic() >= due:
            return True
        time.sleep(_POLL)
    return process.poll() == -signal.SIGKILL


def failures(found: Mapping[str, Any]) -> list[str]:
    """What went wrong in runs that were killed, in words."""
    return [
        f"{name}: {wrong}"
        for name, history in found["histories"].items()
        for wrong in _failures(history)
    ] + [f"no figures of {name}" for name in HISTORIES.keys() - found["histories"].keys()]


def _failures(found: Mapping[str, Any]) -> list[str]:
    wrong = [f"no kill at {kill['point']}" for kill in found["kills"] if not kill["hit"]]
    wrong += [f"{what} differs from the undisturbed run's" for what in found["differences"]]
    if found["versions"] != 1:
        wrong.append(f"{found['versions']} versions were pushed, not one")
    wrong += [f"{name} is left half written" for name in found["left"]["half_written"]]
    return wrong
