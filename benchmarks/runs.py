"""Runs the pipeline and reads what it wrote."""

from __future__ import annotations

import pathlib
from typing import Any

from benchmarks import harness
from schema.documents import METRICS_FILE, RunMetrics


def run_pipeline(data: pathlib.Path, out: pathlib.Path, *arguments: str) -> dict[str, Any]:
    """Runs `segue run` and gathers its figures.

    Args:
        data: MPD slices.
        out: an empty directory.
        *arguments: more arguments of `segue run`.

    Returns:
        Wall and CPU seconds, peak memory, seconds by component and mean metrics by model.
    """
    finished = harness.segue("run", "--data", str(data), "--out", str(out), *arguments)
    metrics = RunMetrics.model_validate_json((out / "report" / METRICS_FILE).read_bytes())
    return {
        "seconds": round(finished.seconds, 1),
        "cpu_seconds": round(finished.cpu_seconds, 1),
        "peak_gib": round(finished.peak_gib, 2),
        "seconds_by_component": metrics.seconds,
        "playlists": metrics.data.playlists,
        "tracks": metrics.data.tracks,
        "eval": {
            model: {
                name: round(value.mean, 4)
                for name, value in summary.overall.items()
                if value.mean is not None
            }
            for model, summary in metrics.models.items()
        },
        "fit_seconds": {model: summary.fit_seconds for model, summary in metrics.models.items()},
        "blessing": metrics.blessing.model_dump(mode="json"),
        "pushed_version": metrics.pushed_version,
    }
