"""The whole pipeline at sizes: ALS and two stages on 100,000 synthetic playlists and more.

make bench ARGS=whole-runs
SEGUE_BENCH_PLAYLISTS=300000 SEGUE_BENCH_FOLDER=DIR make bench ARGS=whole-runs
"""

from __future__ import annotations

import functools
import pathlib
from typing import Any, Final

from benchmarks import data_stages, harness, runs

_SIZES: Final = (100_000,)
#: Profile for such sizes, with ALS beside the candidate.
_PROFILE: Final = str(harness.ROOT / "configs" / "mpd.yaml")


def measure() -> dict[str, Any]:
    """Runs every size that is not done yet; what an earlier run left in its folder is used."""
    figures = {}
    with data_stages.kept_folder() as folder:
        for playlists in data_stages.sizes(_SIZES):
            figures[str(playlists)] = harness.kept(
                folder / str(playlists) / "whole-run.json",
                functools.partial(_run, folder / str(playlists), playlists),
            )
    return figures


def _run(folder: pathlib.Path, playlists: int) -> dict[str, Any]:
    data = data_stages.sample(folder, playlists)
    return runs.run_pipeline(data, folder / "run", "--config", _PROFILE)
