"""The pipeline's fixed cost: a run on so few playlists that next to nothing is work on data."""

from __future__ import annotations

import pathlib
import tempfile
from typing import Any

from benchmarks import harness, runs

_PLAYLISTS = 100


def measure() -> dict[str, Any]:
    """Runs everything on a hundred playlists with an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder) / "sample"
        harness.segue("sample", "--playlists", str(_PLAYLISTS), "--output", str(data))
        figures = runs.run_pipeline(data, pathlib.Path(folder) / "out")
    return {"playlists": _PLAYLISTS, **figures}
