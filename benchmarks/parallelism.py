"""What a second core makes of each data stage: in one process and in two, as `beam.processes` asks.

Every stage reads the artifacts that `data-stages` left in the same folder.

    SEGUE_BENCH_PLAYLISTS=100000 SEGUE_BENCH_FOLDER=DIR make bench ARGS=parallelism
"""

from __future__ import annotations

import pathlib
import shutil
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
    return harness.kept(
        prepared / f"{stage}.{processes}-processes.json",
        lambda: _run(prepared, stage, processes),
    )


def _run(prepared: pathlib.Path, stage: str, processes: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=prepared) as folder:
        for artifact in prepared.glob("*.pb"):
            if not artifact.name.startswith(f"{stage}."):
                shutil.copy(artifact, folder)
        return data_stages.run_stage(
            stage, prepared / "data", pathlib.Path(folder), f"beam.processes={processes}"
        )
