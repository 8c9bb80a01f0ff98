"""What more than one core makes of each data stage: Beam's in-process modes side by side.

Every stage reads the artifacts that `data-stages` left in the same folder, and runs once in one
thread, once in two threads and once in two processes.

    SEGUE_BENCH_PLAYLISTS=100000 SEGUE_BENCH_FOLDER=DIR make bench ARGS=parallelism
"""

from __future__ import annotations

import json
import pathlib
import shutil
import sys
import tempfile
from typing import Any, Final

from benchmarks import data_stages, harness

_BEAM_STAGES: Final = ("Ingest", "StatisticsGen", "Holdout", "Transform")
_MODES: Final = {
    "one thread": ("in_memory", 1),
    "two threads": ("multi_threading", 2),
    "two processes": ("multi_processing", 2),
}


def measure() -> dict[str, Any]:
    """Runs every stage in every mode that is not done yet."""
    figures = {}
    with data_stages.kept_folder() as folder:
        for playlists in data_stages.sizes():
            prepared = folder / str(playlists)
            data_stages.stages(prepared, playlists)
            figures[str(playlists)] = {
                stage: {mode: _figures(prepared, stage, mode) for mode in _MODES}
                for stage in _BEAM_STAGES
            }
    return figures


def _figures(prepared: pathlib.Path, stage: str, mode: str) -> dict[str, Any]:
    kept = prepared / f"{stage}.{mode.replace(' ', '-')}.json"
    if not kept.exists():
        kept.write_text(json.dumps(_run(prepared, stage, mode)), encoding="utf-8")
    figures: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    return figures


def _run(prepared: pathlib.Path, stage: str, mode: str) -> dict[str, Any]:
    running_mode, workers = _MODES[mode]
    arguments = [
        "--runner=DirectRunner",
        f"--direct_running_mode={running_mode}",
        f"--direct_num_workers={workers}",
    ]
    with tempfile.TemporaryDirectory(dir=prepared) as folder:
        for artifact in prepared.glob("*.pb"):
            if not artifact.name.startswith(f"{stage}."):
                shutil.copy(artifact, folder)
        finished = harness.run(
            [
                sys.executable,
                "-m",
                "benchmarks.one_stage",
                stage,
                str(prepared / "data"),
                folder,
                f"beam.pipeline_args={json.dumps(arguments)}",
            ]
        )
    return data_stages.figures_of(finished)
