"""A run that is killed again and again, and ends as if nothing had happened.

`segue run` is killed with its whole process group (kill -9) in every node that does work, at points
that its files and its console tell of, then started again by the same command, until the last one
may end. What it left is compared by value with what an undisturbed run left. A second history does
so where data in spans takes another way.
"""

from __future__ import annotations

import contextlib
import dataclasses
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
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from benchmarks import harness, kills_left, runs
from benchmarks.kills_left import VERSIONS

#: Of every run.
SETTINGS: Final = ("candidate=als", "baselines=[popularity]", "models.als.factors=16")
_POLL: Final = 0.002
#: A node that takes longer than that from its start to its end is taken for stuck.
_STUCK_SECONDS: Final = 1800.0
#: How often a point is tried that a run passes too fast.
_TRIES: Final = 4
#: A node that takes less is killed as soon as it begins.
_QUICK_SECONDS: Final = 1.0
_STARTED: Final = re.compile(r"^▸ (\S+)", re.MULTILINE)
_ENDED: Final = re.compile(r"^[✓↺✗=] (\S+)", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Point:
    """Where a run is killed.

    Attributes:
        name: what it is called.
        node: during which node.
        when: says by the output directory that the point is reached; None: some time after the
            node began.
    """

    name: str
    node: str
    when: Callable[[pathlib.Path], bool] | None = None


def _any(out: pathlib.Path, pattern: str) -> bool:
    with contextlib.suppress(OSError):
        return any(True for _ in out.glob(pattern))
    return False


#: Every node that does work, in their order.
POINTS: Final = (
    Point("ImportSchemaGen", "ImportSchemaGen"),
    Point("Ingest, writing", "Ingest", lambda out: _any(out, "tfrecords/ingesting-*/all/*")),
    Point(
        "Ingest, before it replaces",
        "Ingest",
        lambda out: _any(out, "tfrecords/ingesting-*/manifest.json"),
    ),
    Point("ImportExampleGen", "ImportExampleGen"),
    Point("StatisticsGen", "StatisticsGen"),
    Point("ExampleValidator", "ExampleValidator"),
    Point("SchemaGen", "SchemaGen"),
    Point("DataGate", "DataGate"),
    Point("Holdout", "Holdout"),
    Point("Transform", "Transform"),
    Point("Trainer.als", "Trainer.als"),
    Point("Trainer.popularity", "Trainer.popularity"),
    Point("InfraCheck", "InfraCheck"),
    Point("ServedModel", "ServedModel"),
    Point("Evaluator", "Evaluator"),
    Point("Significance", "Significance"),
    Point("Pusher, copying", "Pusher", lambda out: _any(out, VERSIONS)),
    Point(
        "Pusher, pushed and not recorded",
        "Pusher",
        lambda out: _any(out, f"{VERSIONS}/saved_model.pb"),
    ),
    Point("Report", "Report"),
)
#: Where data in spans takes another way.
SPAN_POINTS: Final = (
    Point(
        "Ingest, writing the first span",
        "Ingest",
        lambda out: _any(out, "tfrecords/span-00001/ingesting-*/all/*"),
    ),
    Point(
        "Ingest, before the second span's records are put in place",
        "Ingest",
        lambda out: _any(out, "tfrecords/span-00002/ingesting-*/manifest.json"),
    ),
    Point(
        "Ingest, before the window is put in place",
        "Ingest",
        lambda out: _any(out, "tfrecords/ingesting-*/manifest.json"),
    ),
    Point("ImportExampleGen", "ImportExampleGen"),
    Point("SpanStatistics", "SpanStatistics"),
    Point("Transform", "Transform"),
)


@dataclasses.dataclass(frozen=True)
class History:
    """A run and where it is killed.

    Attributes:
        points: where, in the order of the nodes.
        playlists: of each span, or of data without any; a later span updates those of an earlier.
        data: where the slices lie, in their folder.
        settings: of the run.
    """

    points: tuple[Point, ...]
    playlists: tuple[int, ...]
    data: str = ""
    settings: tuple[str, ...] = ()


HISTORIES: Final = {
    "slices": History(POINTS, (150,)),
    "spans": History(SPAN_POINTS, (150, 100), "span-{SPAN}", ("window=2",)),
}


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
    with log.open("wb") as console:
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli", *command],
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
    """Waits for a point; False where its node ends before."""
    limit, due = time.monotonic() + _STUCK_SECONDS, None
    while process.poll() is None and time.monotonic() < limit:
        if point.when is not None and point.when(out):
            return True
        told = log.read_text("utf-8", "replace")
        if point.node in _ENDED.findall(told):
            return False
        if due is None and point.node in _STARTED.findall(told):
            due = time.monotonic() + wait
        if point.when is None and due is not None and time.monotonic() >= due:
            return True
        time.sleep(_POLL)
    return False


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
