"""`make run` on the built-in sample, from an empty output directory to a pushed model."""

from __future__ import annotations

import pathlib
import tempfile
from typing import Any

from benchmarks import harness, runs


def measure() -> dict[str, Any]:
    """Runs it once, then once more to see what the cache saves."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        sampled = harness.segue("sample", "--output", str(out / "sample"))
        first = runs.run_pipeline(out / "sample", out)
        again = harness.segue("run", "--data", str(out / "sample"), "--out", str(out))
    return {
        "sample_seconds": round(sampled.seconds, 1),
        **first,
        "unchanged_rerun_seconds": round(again.seconds, 1),
    }
