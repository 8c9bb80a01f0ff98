"""A run that is killed again and again, and ends as if nothing had happened.

`segue run` is killed with its whole process group (kill -9) at points that its files and its
console tell of, then started again by the same command, until the last one may end. What it left is
compared by value with what an undisturbed run left.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import pandas as pd

from benchmarks import harness, runs
from components.ingest import manifest
from schema.documents import METRICS_FILE, RunMetrics
from schema.layout import MODEL_NAME
from schema.rows import MODEL, PID, ROWS_FILE, SPLIT

_PLAYLISTS: Final = 150
_SETTINGS: Final = ("candidate=als", "baselines=[popularity]", "models.als.factors=16")
_POLL: Final = 0.002
#: A node that takes longer than that from its start to its end is taken for stuck.
_STUCK_SECONDS: Final = 1800.0
_STARTED: Final = re.compile(r"^▸ (\S+)", re.MULTILINE)
_ENDED: Final = re.compile(r"^[✓↺✗=] (\S+)", re.MULTILINE)
#: What takes another value in each run.
_OF_ITS_TIME: Final = ("seconds", "pushed_version", "push", "blessing", "served")


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


_VERSIONS: Final = f"serving/{MODEL_NAME}/*"
POINTS: Final = (
    Point("Ingest, writing", "Ingest", lambda out: _any(out, "tfrecords/ingesting-*/all/*")),
    Point(
        "Ingest, before it replaces",
        "Ingest",
        lambda out: _any(out, "tfrecords/ingesting-*/manifest.json"),
    ),
    Point("StatisticsGen", "StatisticsGen"),
    Point("Holdout", "Holdout"),
    Point("Transform", "Transform"),
    Point("Trainer.als", "Trainer.als"),
    Point("Evaluator", "Evaluator"),
    Point("Significance", "Significance"),
    Point("Pusher, copying", "Pusher", lambda out: _any(out, _VERSIONS)),
    Point(
        "Pusher, pushed and not recorded",
        "Pusher",
        lambda out: _any(out, f"{_VERSIONS}/saved_model.pb"),
    ),
    Point("Report", "Report"),
)


def measure(seed: int = 1) -> dict[str, Any]:
    """Runs undisturbed, then with kills, and compares.

    Args:
        seed: of the moments within a node.

    Returns:
        `kills`: each with its point, the nodes that had ended and whether it hit; `differences`
        between what both runs left, in words; `versions`, how many were pushed; `left`: what lies
        half written, what `segue gc` names, and how much lies in the folder of temporary files.
    """
    with tempfile.TemporaryDirectory(prefix="segue-kills-") as name:
        folder = pathlib.Path(name)
        data = folder / "data"
        harness.segue(
            "sample", "--playlists", str(_PLAYLISTS), "--seed", "3", "--output", str(data)
        )
        settings = [word for setting in _SETTINGS for word in ("--set", setting)]
        whole = runs.run_pipeline(data, folder / "whole", *settings)
        out = folder / "killed"
        command = ["run", "--data", str(data), "--out", str(out), *settings]
        chance, kills = random.Random(seed), []
        for number, point in enumerate(POINTS):
            seconds = whole["seconds_by_component"].get(point.node, 0.0)
            wait = 0.0 if point.when else chance.uniform(0.05, 0.8) * seconds
            log = folder / f"console-{number}.txt"
            kills.append(_kill(command, out, point, wait, log))
            print(f"{point.name}: {kills[-1]}", flush=True)
        last = harness.segue(*command, TMPDIR=str(_made(folder / "temporary")))
        return {
            "seed": seed,
            "kills": kills,
            "last_seconds": round(last.seconds, 1),
            "undisturbed_seconds": whole["seconds"],
            "differences": differences(folder / "whole", out),
            "versions": len(_versions(out)),
            "left": left(out),
        }


def _made(folder: pathlib.Path) -> pathlib.Path:
    folder.mkdir(exist_ok=True)
    return folder


def _kill(
    command: list[str], out: pathlib.Path, point: Point, wait: float, log: pathlib.Path
) -> dict[str, Any]:
    """Starts a run and kills it at a point."""
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
    return {
        "point": point.name,
        "hit": hit and process.returncode == -signal.SIGKILL,
        "seconds": round(time.monotonic() - began, 1),
        "during": [node for node in _STARTED.findall(told) if node not in _ENDED.findall(told)],
    }


def _reached(
    process: subprocess.Popen[bytes],
    out: pathlib.Path,
    point: Point,
    wait: float,
    log: pathlib.Path,
) -> bool:
    """Waits for a point; False where the run ends before."""
    limit, due = time.monotonic() + _STUCK_SECONDS, None
    while process.poll() is None and time.monotonic() < limit:
        if point.when is not None:
            if point.when(out):
                return True
            time.sleep(_POLL)
            continue
        if due is None and point.node in _STARTED.findall(log.read_text("utf-8", "replace")):
            due = time.monotonic() + wait
        if due is not None and time.monotonic() >= due:
            return True
        time.sleep(0.05)
    return False


def differences(undisturbed: pathlib.Path, killed: pathlib.Path) -> list[str]:
    """What two runs left that is not the same by value, in words; the times they took aside."""
    found = []
    first, second = (_figures(out / "report" / METRICS_FILE) for out in (undisturbed, killed))
    found += [f"{key} of {METRICS_FILE}" for key in first if first[key] != second[key]]
    order = [MODEL, SPLIT, PID]
    tables = [
        pd.read_parquet(out / "report" / ROWS_FILE).sort_values(order, ignore_index=True)
        for out in (undisturbed, killed)
    ]
    if not tables[0].equals(tables[1]):
        found.append(ROWS_FILE)
    ingested = [manifest.read(str(out / "tfrecords")) for out in (undisturbed, killed)]
    contents = [one and (one.outputs, one.result) for one in ingested]
    if None in ingested or contents[0] != contents[1]:
        found.append("the manifest of ingest")
    return found


def _figures(path: pathlib.Path) -> Mapping[str, Any]:
    read = RunMetrics.model_validate_json(path.read_bytes()).model_dump(mode="json")
    for key in _OF_ITS_TIME:
        del read[key]
    for models in (read["models"], read["test_models"]):
        for summary in models.values():
            del summary["fit_seconds"]
    return read


def _versions(out: pathlib.Path) -> list[pathlib.Path]:
    return sorted(path.parent for path in out.glob(f"{_VERSIONS}/saved_model.pb"))


def left(out: pathlib.Path) -> dict[str, Any]:
    """What kills have left: half-written things by name, and what `segue gc` would collect."""
    whole = {path.name for path in _versions(out)}
    lines = harness.segue("gc", "--out", str(out), "--json").output.splitlines()
    # Standard error is among them, and a library may write there at the very end.
    named = json.loads([line for line in lines if line.startswith("{")][-1])
    return {
        "half_written": sorted(
            str(path.relative_to(out))
            for pattern in ("tfrecords/ingesting-*", "**/*.part", "checkpoints/*")
            for path in out.glob(pattern)
        ),
        "half_pushed": sorted(
            path.name for path in out.glob(_VERSIONS) if path.is_dir() and path.name not in whole
        ),
        "gc_collects": sorted(f"{one['kind']} {one['name']}" for one in named["collected"]),
        "gc_keeps_leftovers": sorted(
            one["name"] for one in named["kept"] if one["kind"] == "leftover"
        ),
        "temporary_mb": round(_size(out.parent / "temporary") / 1e6, 1),
    }


def _size(folder: pathlib.Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def failures(found: Mapping[str, Any]) -> list[str]:
    """What went wrong in runs that were killed, in words."""
    wrong = [f"no kill at {kill['point']}" for kill in found["kills"] if not kill["hit"]]
    wrong += [f"{what} differs from the undisturbed run's" for what in found["differences"]]
    if found["versions"] != 1:
        wrong.append(f"{found['versions']} versions were pushed, not one")
    wrong += [f"{name} is left half written" for name in found["left"]["half_written"]]
    return wrong
