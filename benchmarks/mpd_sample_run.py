"""The whole pipeline on real playlists, scored on playlists that it never saw."""

from __future__ import annotations

import json
import pathlib
import shutil
import sys
from typing import Any, Final

from benchmarks import harness, runs

_CONFIG: Final = harness.ROOT / "configs" / "mpd-sample.yaml"
_OUT: Final = harness.ROOT / "out-benchmark"


def out_directory() -> pathlib.Path | None:
    """The directory of a run on real playlists, which is made where there is none."""
    if not (_OUT / "report" / "metrics.json").exists() and measure() is None:
        return None
    return _OUT


def measure() -> dict[str, Any] | None:
    """Runs `segue run`, and for every model `segue recommend` and the challenge's scoring."""
    if not harness.REAL_DATA.exists():
        return None
    shutil.rmtree(_OUT, ignore_errors=True)
    figures = runs.run_pipeline(harness.REAL_DATA / "train", _OUT, "--config", str(_CONFIG))
    return {**figures, "validation": {family: _validate(family) for family in figures["eval"]}}


def _validate(family: str) -> dict[str, Any]:
    """Mean metrics by scenario and over all, and the seconds that recommending took."""
    trained = (_OUT / "pipeline_root" / f"Trainer.{family}" / "model").iterdir()
    submission = _OUT / f"{family}.csv"
    recommended = harness.segue(
        "recommend",
        "--model",
        str(max(trained, key=lambda path: int(path.name)) / "Format-Serving"),
        "--challenge",
        str(harness.REAL_DATA / "validation_challenge_set.json.gz"),
        "--output",
        str(submission),
    )
    scored = harness.run(
        [
            sys.executable,
            str(harness.SCORE_TOOL),
            str(submission),
            str(harness.REAL_DATA / "validation_holdouts.json.gz"),
            "--json",
        ]
    )
    scores = {
        scenario: {name: round(value, 4) for name, value in values.items()}
        for scenario, values in json.loads(scored.output).items()
        if isinstance(values, dict)
    }
    return {"recommend_seconds": round(recommended.seconds, 1), "scores": scores}
