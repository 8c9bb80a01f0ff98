"""The whole pipeline on real playlists, scored on playlists that it never saw."""

from __future__ import annotations

import json
import pathlib
import sys
import tempfile
from typing import Any

from benchmarks import harness, runs

_CONFIG = harness.ROOT / "configs" / "mpd-sample.yaml"


def measure() -> dict[str, Any] | None:
    """Runs `segue run`, `segue recommend` and the challenge's scoring."""
    if not harness.REAL_DATA.exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        figures = runs.run_pipeline(harness.REAL_DATA / "train", out, "--config", str(_CONFIG))
        submission = pathlib.Path(folder) / "submission.csv"
        recommended = harness.segue(
            "recommend",
            "--model",
            str(out / "serving" / "segue"),
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
    return {
        **figures,
        "recommend_seconds": round(recommended.seconds, 1),
        "validation": json.loads(scored.output),
    }
