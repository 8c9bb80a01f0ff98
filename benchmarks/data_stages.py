"""The data stages, each in a process of its own: time, and memory at most, at several sizes.

What is done is kept below `SEGUE_BENCH_FOLDER` (a temporary folder by default): a measurement that
is cut short goes on where it was.

    make bench ARGS=data-stages
    SEGUE_BENCH_PLAYLISTS=1000000 SEGUE_BENCH_FOLDER=/data/bench make bench ARGS=data-stages
"""

from __future__ import annotations

import contextlib
import json
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
    sizes = [int(size) for size in os.environ.get("SEGUE_BENCH_PLAYLISTS", "").split(",") if size]
    figures = {}
    with _folder() as folder:
        for playlists in sizes or _SIZES:
            figures[str(playlists)] = _stages(folder / str(playlists), playlists)
    return figures


@contextlib.contextmanager
def _folder() -> Iterator[pathlib.Path]:
    kept = os.environ.get("SEGUE_BENCH_FOLDER")
    if kept:
        yield pathlib.Path(kept)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield pathlib.Path(folder)


def _stages(folder: pathlib.Path, playlists: int) -> dict[str, Any]:
    """The figures by stage and of all together: seconds, CPU seconds, peak memory of a process."""
    data = folder / "data"
    made = folder / "sample.json"
    if not made.exists():
        harness.segue("sample", "--playlists", str(playlists), "--output", str(data))
        made.write_text("{}", encoding="utf-8")
    figures: dict[str, Any] = {}
    for stage in (*_BEFORE, *STAGES):
        kept = folder / f"{stage}.json"
        if not kept.exists():
            finished = harness.run(
                [sys.executable, "-m", "benchmarks.one_stage", stage, str(data), str(folder)]
            )
            part = {
                "seconds": round(finished.seconds, 1),
                "cpu_seconds": round(finished.cpu_seconds, 1),
                "peak_mib": round(1024 * finished.peak_gib),
            }
            kept.write_text(json.dumps(part), encoding="utf-8")
        figures[stage] = json.loads(kept.read_text(encoding="utf-8"))
    parts = [figures[stage] for stage in STAGES]
    total = {key: round(sum(part[key] for part in parts), 1) for key in ("seconds", "cpu_seconds")}
    return {
        **{stage: figures[stage] for stage in STAGES},
        "all": {**total, "peak_mib": max(part["peak_mib"] for part in parts)},
    }
