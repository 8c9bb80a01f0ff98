"""Ingest of more and more made-up playlists, and of the real sample: time, and memory at most."""

from __future__ import annotations

import pathlib
import sys
import tempfile
from typing import Any, Final

from benchmarks import harness

_PLAYLISTS: Final = (20_000, 80_000)
_INGEST: Final = "import sys; from components.ingest.job import ingest; ingest(*sys.argv[1:])"


def measure() -> dict[str, Any]:
    """Ingests each in a process of its own."""
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for number in _PLAYLISTS:
            slices = root / str(number)
            harness.segue("sample", "--output", str(slices), "--playlists", str(number))
            figures[f"{number} synthetic"] = _ingested(slices, root / f"out-{number}")
        if harness.REAL_DATA.exists():
            figures["real sample"] = _ingested(harness.REAL_DATA / "train", root / "out-real")
    return figures


def _ingested(slices: pathlib.Path, out: pathlib.Path) -> dict[str, float]:
    return harness.run([sys.executable, "-c", _INGEST, str(slices), str(out)]).figures()
