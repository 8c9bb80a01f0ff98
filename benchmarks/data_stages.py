"""The data stages, each in a process of its own: time, and memory at most, at several sizes.

What is done is kept below `SEGUE_BENCH_FOLDER` (a temporary folder by default): a measurement that
is cut short goes on where it was.

    make bench ARGS=data-stages
    SEGUE_BENCH_PLAYLISTS=1000000 SEGUE_BENCH_FOLDER=/data/bench make bench ARGS=data-stages
"""

from __future__ import annotations

import contextlib
import functools
import os
import pathlib
import sys
import tempfile
from collections.abc import Iterator
from typing import Any, Final

from benchmarks import harness

_SIZES: Final = (10_000, 100_000)
STAGES: Final = ("Ingest", "ImportExampleGen", "StatisticsGen", "Holdout", "Transform")
#: What the stages read besides each other's artifacts.
_BEFORE: Final = ("ImportSchemaGen",)


def measure() -> dict[str, Any]:
    """Runs every stage at every size that is not done yet."""
    figures = {}
    with kept_folder() as folder:
        for playlists in sizes():
            figures[str(playlists)] = stages(folder / str(playlists), playlists)
    return figures


def sizes(default: tuple[int, ...] = _SIZES) -> tuple[int, ...]:
    """Returns how many playlists to measure with."""
    asked = os.environ.get("SEGUE_BENCH_PLAYLISTS", "")
    return tuple(int(size) for size in asked.split(",") if size) or default


@contextlib.contextmanager
def kept_folder() -> Iterator[pathlib.Path]:
    """Opens the folder for what is done: a temporary one if none is named."""
    kept = os.environ.get("SEGUE_BENCH_FOLDER")
    if kept:
        yield pathlib.Path(kept)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield pathlib.Path(folder)


def stages(folder: pathlib.Path, playlists: int) -> dict[str, Any]:
    """Runs every stage that is not done yet.

    Args:
        folder: for data, artifacts and figures of this size.
        playlists: the size.

    Returns:
        The figures by stage and of all together: seconds, CPU seconds, peak memory.
    """
    data = sample(folder, playlists)
    figures: dict[str, Any] = {}
    for stage in (*_BEFORE, *STAGES):
        figures[stage] = harness.kept(
            folder / f"{stage}.json", functools.partial(run_stage, stage, data, folder)
        )
    parts = [figures[stage] for stage in STAGES]
    total = {key: round(sum(part[key] for part in parts), 1) for key in ("seconds", "cpu_seconds")}
    return {
        **{stage: figures[stage] for stage in STAGES},
        "all": {**total, "peak_mib": max(part["peak_mib"] for part in parts)},
    }


def run_stage(
    stage: str, data: pathlib.Path, folder: pathlib.Path, *settings: str
) -> dict[str, float]:
    """Runs a stage in a process of its own.

    Args:
        stage: its id.
        data: slices.
        folder: with the artifacts that it reads; its own are added.
        *settings: of the run, as `--set` takes them.
    """
    arguments = [stage, str(data), str(folder), *settings]
    return harness.run([sys.executable, "-m", "benchmarks.one_stage", *arguments]).figures()


def sample(folder: pathlib.Path, playlists: int) -> pathlib.Path:
    """Returns the directory of the synthetic slices, made if they are not whole."""
    data, made = folder / "data", folder / "sample.json"
    if not made.exists():
        harness.segue("sample", "--playlists", str(playlists), "--output", str(data))
        made.write_text("{}", encoding="utf-8")
    return data
