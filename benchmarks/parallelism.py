"""What a second core makes of each data stage: in one process and in two, as `beam.processes` asks.

Every stage reads the artifacts that `data-stages` left in the same folder.

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
_PROCESSES: Final = (1, 2)


def measure() -> dict[str, Any]:
    """Runs every stage in every mode that is not done yet."""
    figures = {}
    with data_stages.kept_folder() as folder:
        for playlists in data_stages.sizes():
            prepared = folder / str(playlists)
            data_stages.stages(prepared, playlists)
            figures[str(playlists)] = {
                stage: {str(number): _figures(prepared, stage, number) for number in _PROCESSES}
                for stage in _BEAM_STAGES
            }
    return figures


def _figures(prepared: pathlib.Path, stage: str, processes: int) -> dict[str, Any]:
    kept = prepared / f"{stage}.{processes}-processes.json"
    if not kept.exists():
        kept.write_text(json.dumps(_run(prepared, stage, processes)), encoding="utf-8")
    figures: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    return figures


def _run(prepared: pathlib.Path, stage: str, processes: int) -> dict[str, Any]:
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
                f"beam.processes={processes}",
            ]
        )
    return data_stages.figures_of(finished)
