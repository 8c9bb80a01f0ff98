"""The second half of the loop: features, segments, a model for each, and today's recommendations.

The last days of the world are withheld: models learn from what was before a cut, and are judged by
what listeners played after it for the first time. Recommendations are of the day after the last.
"""

from __future__ import annotations

import datetime
import pathlib
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from listening.segments import load
from models.families import family
from sample.listeners import START
from schema.documents import METRICS_FILE, RunMetrics, parse
from schema.tables import FOLLOWS_FILE, TRACKS_FILE
from scripts.loop_steps import StepError, segue

_TRENDING: Final = "trending_before"  # the cut
FOLDERS: Final = ("features", "listeners", "models", "recommendations", _TRENDING)
_RULES: Final = "configs/segments"
_WITHHELD: Final = 3  # days
_METRIC: Final = "ndcg"


def run(out: pathlib.Path, days: int) -> dict[str, dict[str, Any]]:
    """Runs the second half.

    Args:
        out: the loop's folder, whose first half is done.
        days: of the world.

    Returns:
        By segment: how many listeners, the model's profile, whether it was blessed, and the NDCG of
        model and popularity on listeners of that segment.

    Raises:
        StepError: a step failed.
    """
    end = START.date() + datetime.timedelta(days=days)
    cut = end - datetime.timedelta(days=min(_WITHHELD, days - 1))
    _features(out, cut)
    segue(
        *("events", "trending", "--counts", out / "counts", "--as-of", f"{cut}T00"),
        *("--out", out / _TRENDING),
    )
    segue(
        *("segments", "slices", "--events", out / "events", "--features", out / "features"),
        *("--tracks", out / "sample" / TRACKS_FILE, "--playlists", out / "sample"),
        *("--cut", f"{cut}T00", "--until", f"{end}T00", "--out", out / "listeners"),
    )
    profiles = _profiles()
    found = {name: _trained(out, name, profile) for name, profile in profiles.items()}
    listeners = _features(out, end)
    blessed = [name for name in profiles if found[name]["blessed"]]
    if not blessed:
        raise StepError("no segment's model was blessed, so there is nobody to recommend by")
    # Whose own model is not good enough is served by the first that is.
    serving = {name: name if name in blessed else blessed[0] for name in profiles}
    chosen = [
        f"--models={name}={out / 'models' / by / 'serving' / 'segue'}"
        for name, by in serving.items()
    ]
    segue(
        *("recommend", "--listeners", out / "features" / "segments", *chosen),
        *("--features", out / "features", "--tracks", out / "sample" / TRACKS_FILE),
        *("--day", end, "--out", out / "recommendations"),
    )
    return {
        name: {"listeners": listeners.get(name, 0), **of_model} for name, of_model in found.items()
    }


def _features(out: pathlib.Path, cut: datetime.date) -> dict[str, int]:
    """Builds what is known as of a cut, and puts listeners into segments.

    Returns:
        How many are in each.
    """
    events, features = out / "events", out / "features"
    shared = ("--features", features, "--as-of", f"{cut}T00")
    tracks = ("--tracks", out / "sample" / TRACKS_FILE)
    segue("features", "build", "listening_history", "--events", events, *tracks, *shared)
    follows = ("--follows", out / "sample" / FOLLOWS_FILE)
    segue("features", "build", "social_graph", "--events", events, *tracks, *follows, *shared)
    segue("features", "build", "heard", "--events", events, *shared)
    built = segue("segments", "build", "--rules", _RULES, *shared)
    segments: dict[str, int] = built["segments"]
    return segments


def _profiles() -> dict[str, str]:
    """The profile of each segment's model, as its file names it, in the order of the rules."""
    return {each.name: each.model for each in load(_RULES)}


def _trained(out: pathlib.Path, segment: str, profile: str) -> dict[str, Any]:
    """Runs the pipeline for a segment, and reads what came of it."""
    place = out / "models" / segment
    # A profile has the name of its candidate's family.
    recent = ("--set", f"trending={out / _TRENDING}") if family(profile).reads_trend else ()
    segue(
        *("run", "--data", out / "listeners", "--out", place),
        *("--config", f"{_RULES}/profiles/{profile}.yaml"),
        *(*recent, "--set", f"holdout.segment={segment}"),
        has_status=False,
    )
    metrics, _ = parse(RunMetrics, (place / "report" / METRICS_FILE).read_text(), METRICS_FILE)
    # Of the tests; models stand in the order of their names.
    candidate = next(test.candidate for test in metrics.tests)
    return {
        "model": profile,
        "blessed": bool(metrics.blessing.blessed),
        _METRIC: _mean(metrics, candidate),
        f"popularity_{_METRIC}": _mean(metrics, "popularity"),
    }


def _mean(metrics: RunMetrics, model: str) -> float | None:
    summary = metrics.models.get(model)
    found = summary.overall.get(_METRIC) if summary else None
    return found.mean if found else None


def show(segments: dict[str, dict[str, Any]]) -> None:
    """Prints a table of the segments."""
    table = Table("segment", "listeners", "model", "NDCG", "popularity")
    for name, row in segments.items():
        values = (row[_METRIC], row[f"popularity_{_METRIC}"])
        measured = ("–" if value is None else f"{value:.4f}" for value in values)
        table.add_row(name, f"{row['listeners']:,}", row["model"], *measured)
    Console().print(table)
    if unfit := [name for name, row in segments.items() if not row["blessed"]]:
        print(f"Not blessed, and served by another's model: {', '.join(unfit)}")
