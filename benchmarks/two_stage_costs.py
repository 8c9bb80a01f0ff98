"""What two_stage costs against what it cost before: fitting it, its memory, and a single request.

Before is a commit, whose tree is checked out beside this one. Each tree fits its own profile for
the real sample to the same playlists, in a process of its own, and exports the model. Then one
process loads both, and every held-out playlist is answered by one and the other in turn, alone, so
that whatever else the machine does falls on both.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from benchmarks import harness

# The last commit before titles named artists, with 17 features and one factorisation.
_BEFORE: Final = "c4aca82"
_ROUNDS: Final = 2
# Playlists that both have answered before a request counts.
_WARM: Final = 50
_RESAMPLES: Final = 2000

# By the code of either tree. Every 25th playlist is of stop, about as many as the profile has.
_FIT: Final = """
import dataclasses, json, pathlib, resource, sys, tempfile, time
sys.path[0] = sys.argv[1]
import numpy as np
from benchmarks import held_out
from models.export import saved_model
from models.families import family
from schema.model_card import ModelCard
found = held_out.load(held_out.REAL)
data = dataclasses.replace(found.data, stop=np.arange(0, len(found.data.train), 25))
two_stage = family("two_stage")
params = two_stage.params(held_out.profile("models", "two_stage"))
loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
wall, cpu = time.perf_counter(), time.process_time()
with tempfile.TemporaryDirectory() as work:
    fit = two_stage.fit(data, params, 1, work)
figures = {
    "playlists": len(data.train),
    "tracks": len(data.catalogue),
    "fit_seconds": round(time.perf_counter() - wall, 1),
    "fit_cpu_seconds": round(time.process_time() - cpu, 1),
    "loaded_mib": loaded // 1024,
    "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
}
card = ModelCard(family="two_stage", catalogue_size=len(data.catalogue))
saved_model.export(
    fit.scorer, data.catalogue, found.vocabularies, sys.argv[2], card, ranker=fit.ranker
)
print(json.dumps(figures))
"""


def measure() -> dict[str, Any] | None:
    """Fits in both trees, and asks both models."""
    if not harness.REAL_DATA.exists() or not _is_known(_BEFORE):
        return None
    with tempfile.TemporaryDirectory() as scratch, _checked_out(pathlib.Path(scratch)) as tree:
        paths = {name: pathlib.Path(scratch) / name for name in ("before", "now")}
        fits = {
            "before": _fitted(tree, paths["before"]),
            "now": _fitted(harness.ROOT, paths["now"]),
        }
        asked = harness.run(
            [sys.executable, "-m", "benchmarks.two_stage_costs", *map(str, paths.values())]
        )
    ratio = fits["now"]["fit_cpu_seconds"] / fits["before"]["fit_cpu_seconds"]
    return {
        "before_is": _BEFORE,
        **fits,
        "fit_cpu_ratio": round(ratio, 2),
        "request": json.loads(asked.output.splitlines()[-1]),
    }


def compared(seconds: np.ndarray) -> dict[str, float]:
    """Compares latencies.

    Args:
        seconds: float64 [R, 2], of R requests, before and now.

    Returns:
        Medians and 99th percentiles in ms, and their ratios, the first with its 95% interval over
        resamples of requests.
    """
    p50, p99 = (np.quantile(seconds, part, axis=0) * 1e3 for part in (0.5, 0.99))
    drawn = np.random.default_rng(0).integers(0, len(seconds), (_RESAMPLES, len(seconds)))
    medians = np.array([np.median(seconds[rows], axis=0) for rows in drawn])
    low, high = np.quantile(medians[:, 1] / medians[:, 0], (0.025, 0.975))
    figures = {
        "before_p50_ms": p50[0],
        "now_p50_ms": p50[1],
        "p50_ratio": p50[1] / p50[0],
        "p50_ratio_low": low,
        "p50_ratio_high": high,
        "before_p99_ms": p99[0],
        "now_p99_ms": p99[1],
        "p99_ratio": p99[1] / p99[0],
    }
    return {name: round(float(value), 3) for name, value in figures.items()}


def _is_known(commit: str) -> bool:
    command = ["git", "cat-file", "-e", f"{commit}^{{commit}}"]
    found = subprocess.run(command, cwd=harness.ROOT, check=False, capture_output=True)
    return found.returncode == 0


@contextlib.contextmanager
def _checked_out(scratch: pathlib.Path) -> Iterator[pathlib.Path]:
    """The tree of the commit before, which finds the real playlists where this one does."""
    tree = scratch / "tree"
    (scratch / "shared").symlink_to(harness.ROOT.parent / "shared")
    subprocess.run(
        ["git", "worktree", "add", "-q", "--detach", str(tree), _BEFORE],
        cwd=harness.ROOT,
        check=True,
    )
    try:
        yield tree
    finally:
        subprocess.run(
            ["git", "worktree", "remove", "--force", str(tree)], cwd=harness.ROOT, check=True
        )


def _fitted(tree: pathlib.Path, path: pathlib.Path) -> dict[str, float]:
    command = [sys.executable, "-c", _FIT, str(tree), str(path)]
    finished = harness.run(command, PYTHONPATH=str(tree))
    figures: dict[str, float] = json.loads(finished.output.splitlines()[-1])
    return figures


def _ask(paths: Sequence[str]) -> dict[str, Any]:
    """Has both models answer every held-out playlist alone, taking turns."""
    import tensorflow as tf

    from benchmarks import held_out

    playlists = held_out.load(held_out.REAL)
    names, tracks = (part.numpy() for part in held_out.shown(playlists))
    models = [tf.saved_model.load(path) for path in paths]
    counts = (tracks != b"").sum(axis=1)
    seconds: list[list[float]] = []
    number_of_seeds: list[int] = []
    rows = [*range(_WARM), *np.tile(np.arange(len(counts)), _ROUNDS)]
    for number, row in enumerate(rows):
        asked = {
            "name": tf.constant(names[row : row + 1]),
            "track_uris": tf.constant(tracks[row : row + 1, : counts[row]]),
        }
        turns = (0, 1) if number % 2 else (1, 0)
        spent = {turn: _seconds(models[turn], asked) for turn in turns}
        if number >= _WARM:
            seconds.append([spent[0], spent[1]])
            number_of_seeds.append(int(counts[row]))
    every, seeds = np.array(seconds), np.array(number_of_seeds)
    return {
        "requests": len(every),
        "median_of_single_ratios": round(statistics.median(every[:, 1] / every[:, 0]), 3),
        "all": compared(every),
        "without_seeds": compared(every[seeds == 0]),
        "up_to_25_seeds": compared(every[(seeds > 0) & (seeds <= 25)]),
        "more_seeds": compared(every[seeds > 25]),
    }


def _seconds(model: Any, asked: dict[str, Any]) -> float:
    started = time.perf_counter()
    for value in model.signatures["serving_default"](**asked).values():
        value.numpy()
    return time.perf_counter() - started


if __name__ == "__main__":
    print(json.dumps(_ask(sys.argv[1:])))
