"""What a second core makes of the stages.

At sizes for which several processes are meant, each data stage runs in one process and in two, as
`beam.processes` asks. At each size nodes that need nothing of each other run one after the other
and side by side, a process each; models, whose training at 100,000 takes a quarter of an hour, at
the smaller one alone. Every stage reads the artifacts that `data-stages` left in the same folder.

    SEGUE_BENCH_FOLDER=DIR make bench ARGS=parallelism
"""

from __future__ import annotations

import functools
import pathlib
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent import futures
from typing import Any, Final

from benchmarks import data_stages, harness

_BEAM_STAGES: Final = ("Ingest", "StatisticsGen", "Holdout", "Transform")
_PROCESSES: Final = (1, 2)
#: Nodes that need nothing of each other, with the models of the profile for large data.
_DATA_NODES: Final = ("StatisticsGen", "Holdout")
_TRAINERS: Final = ("Trainer.als", "Trainer.two_stage")
#: The most that are taken for small data.
_SMALL: Final = 10_000
_SETTINGS: Final = ("candidate=two_stage", "baselines=[als]")


def measure() -> dict[str, Any]:
    """Runs every stage in every mode that is not done yet."""
    figures = {}
    with data_stages.kept_folder() as folder:
        for playlists in data_stages.sizes():
            prepared = folder / str(playlists)
            data_stages.stages(prepared, playlists)
            if playlists <= _SMALL:
                stages, pairs = (), (_DATA_NODES, _TRAINERS)
            else:
                stages, pairs = _BEAM_STAGES, (_DATA_NODES,)
            figures[str(playlists)] = {
                **{stage: _by_processes(prepared, stage) for stage in stages},
                **{" and ".join(pair): _by_order(prepared, pair) for pair in pairs},
            }
    return figures


def _by_processes(prepared: pathlib.Path, stage: str) -> dict[str, Any]:
    return {
        str(number): harness.kept(
            prepared / f"{stage}.{number}-processes.json",
            functools.partial(_run, prepared, stage, f"beam.processes={number}"),
        )
        for number in _PROCESSES
    }


def _by_order(prepared: pathlib.Path, pair: tuple[str, str]) -> dict[str, Any]:
    def timed(run: Callable[[], list[dict[str, Any]]]) -> dict[str, Any]:
        started = time.monotonic()
        parts = run()
        return {
            "seconds": round(time.monotonic() - started, 1),
            "cpu_seconds": round(sum(part["cpu_seconds"] for part in parts), 1),
            "peak_mib": [part["peak_mib"] for part in parts],
        }

    def one(stage: str) -> dict[str, Any]:
        return _run(prepared, stage, *_SETTINGS)

    def side_by_side() -> list[dict[str, Any]]:
        with futures.ThreadPoolExecutor(len(pair)) as pool:
            return list(pool.map(one, pair))

    name = "-".join(pair)
    return {
        "one after the other": harness.kept(
            prepared / f"{name}.in-turn.json",
            lambda: timed(lambda: [one(stage) for stage in pair]),
        ),
        "side by side": harness.kept(
            prepared / f"{name}.side-by-side.json", lambda: timed(side_by_side)
        ),
    }


def _run(prepared: pathlib.Path, stage: str, *settings: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=prepared) as folder:
        for artifact in prepared.glob("*.pb"):
            if not artifact.name.startswith(f"{stage}."):
                shutil.copy(artifact, folder)
        return data_stages.run_stage(stage, prepared / "data", pathlib.Path(folder), *settings)
