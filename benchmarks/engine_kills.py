"""Parts of a Flink cluster killed under a run, whose results stay those of the process.

`make soak ARGS=engines` runs the pipeline in the process and on a Flink cluster of its own, where
it kills a TaskManager or a Python worker while a component's job is half done.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import psutil

from benchmarks.engines import (
    CLASSICAL,
    KINDS,
    Run,
    began,
    differences,
    failed,
    on_flink,
    running,
    when,
)
from sample.generator import write_slices

_PLAYLISTS: Final = 300
_TASKMANAGER: Final = "a TaskManager"
_WORKER: Final = "a Python worker"
#: What is killed in which component of each run, in the order of the components. Those are on
#: Flink, the others in the process.
RUNS: Final = {
    "Ingest and Holdout": {"Ingest": _TASKMANAGER, "Holdout": _WORKER},
    "Transform": {"Transform": _TASKMANAGER},
    "Evaluator": {"Evaluator": _WORKER},
    "the other way round": {"Ingest": _WORKER, "Holdout": _TASKMANAGER},
}


def measure(
    names: Sequence[str] = tuple(RUNS), playlists: int = _PLAYLISTS
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Kills parts of a cluster under runs, and compares them with one that nobody disturbed.

    Args:
        names: of the runs, among `RUNS`.
        playlists: of the synthetic data.

    Yields:
        As each run ends its name, and `playlists`, `kills` (by component what was killed, and how
        often its job then failed and went on), `seconds`, and `differences` from the undisturbed
        run, in words.
    """
    from scripts.flink import cluster as clusters

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_slices(folder / "data", playlists, seed=7, slice_size=100)
        undisturbed = Run(folder / "data", folder / "here", *CLASSICAL)
        assert undisturbed.end() == 0, undisturbed.console
        with clusters.Cluster(folder / "flink", clusters.Ports.free()) as cluster:
            for run_name in names:
                victims = RUNS[run_name]
                start, out = time.monotonic(), folder / run_name
                there = on_flink(cluster, components=[*victims])
                run = Run(folder / "data", out, *CLASSICAL, *there)
                killed = dict(_kill(cluster, run, victims))
                found = {
                    "playlists": playlists,
                    "differences": _differences(run, folder / "here"),
                    "seconds": round(time.monotonic() - start),
                    "kills": {
                        component: {"killed": victim, "failures": failed(cluster, component)}
                        for component, victim in killed.items()
                    },
                }
                print(f"{run_name}: {found}", flush=True)
                yield run_name, found


def _differences(run: Run, undisturbed: pathlib.Path) -> list[str]:
    if code := run.end():
        return [f"the run ended with {code}: {run.console[-500:]}"]
    return [each for kind in KINDS for each in differences(kind, undisturbed, run.out)]


def _kill(cluster: Any, run: Run, victims: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Kills in one component after the other; gives each and what was killed."""
    for component, victim in victims.items():
        if victim == _TASKMANAGER:
            if not when(lambda name=component: running(cluster, name), run):
                return
            cluster.kill("taskmanager-1")
            cluster.launch("taskmanager-1")
        else:
            found: list[int] = []
            if not when(
                lambda name=component, found=found: bool(_workers(cluster, name, found)), run
            ):
                return
            os.kill(max(found), signal.SIGKILL)
        yield component, victim


def _workers(cluster: Any, component: str, found: list[int]) -> list[int]:
    """Adds the workers of a component's job that have connected; others are those of other jobs."""
    if not running(cluster, component):
        return found
    since = began(cluster, component)
    for number in cluster.worker_processes():
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(number)
            connections = process.net_connections("tcp")
            if process.create_time() > since and any(
                each.status == psutil.CONN_ESTABLISHED for each in connections
            ):
                found.append(number)
    return found


def failures(figures: dict[str, Any]) -> list[str]:
    """What went wrong, in words."""
    wrong = []
    for name, victims in RUNS.items():
        found = figures["runs"].get(name, {"kills": {}, "differences": []})
        wrong += [f"{name}, killed: {each}" for each in found["differences"]]
        for component, victim in victims.items():
            if component not in found["kills"]:
                wrong.append(f"{name}: {victim} in {component} was not killed in time")
            elif not found["kills"][component]["failures"]:
                wrong.append(f"{name}: {component} did not notice that {victim} was killed")
    return wrong
