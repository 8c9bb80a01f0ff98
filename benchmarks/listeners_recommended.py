"""How many listeners a second get their lists: `segue recommend --listeners` on the sample.

A model is trained on the playlists of a synthetic world, features are made of its events, and the
listeners are asked for several times over under further pseudonyms, with the features of those
whom they stand for, so that what a command costs to start is told apart from what a listener costs.
"""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import tempfile
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import harness
from benchmarks.landed_world import landed_world
from listening import segments
from listening.features import finish, heard, history, partitions, social

_PLAYLISTS: Final = 2_000
_LISTENERS: Final = 1_000
_DAYS: Final = 14
_CUT: Final = datetime.datetime(2017, 11, 14, tzinfo=datetime.timezone.utc)
#: Listeners of one command, and of a longer one: the difference is what the further ones cost.
_TIMES: Final = (2, 20)
_VIEWS: Final = ("listening_history", "heard", "social_graph", "segments")
_POLICIES: Final = {"discover": "configs/policies/discover.yaml", "all": "configs/policies"}
_MODELS: Final = ("als", "two_tower")
_WORKERS: Final = (1, 2)


def measure() -> dict[str, Any]:
    """Makes a world and a model, and times commands."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        world = folder / "world"
        size = {"playlists": _PLAYLISTS, "listeners": _LISTENERS, "days": _DAYS}
        events = landed_world(folder, **size, seed=7)
        for name in _MODELS:
            settings = ("--set", f"candidate={name}", "--set", "baselines=[popularity]")
            harness.segue("run", "--data", str(world), "--out", str(folder / name), *settings)
        made = str(folder / "features")
        tracks = str(world / "tracks.parquet")
        history.build(events, made, _CUT, tracks)
        heard.build(events, made, _CUT)
        social.build(events, made, tracks, _CUT, str(world / "follows.parquet"))
        segments.build(made, str(harness.ROOT / "configs" / "segments"), _CUT)
        for times in _TIMES:
            _multiplied(made, folder / f"times-{times}", times)
        found = {
            f"{name}, {policies}, {workers} workers": _rate(folder, name, path, workers)
            for name in _MODELS
            for policies, path in _POLICIES.items()
            for workers in _WORKERS
        }
        return {**size, "tracks": pq.read_metadata(tracks).num_rows, "commands": found}


def _multiplied(made: str, target: pathlib.Path, times: int) -> None:
    """Writes partitions in which each listener stands so many times."""
    for view in _VIEWS:
        rows = partitions.read(made, view, _CUT)
        parts = [
            rows.set_column(0, "listener_id", _others(rows, number)) for number in range(times)
        ]
        with partitions.building(str(target), view, _CUT) as draft:
            finish(draft, [pa.concat_tables(parts).sort_by("listener_id")], refuse=False)


def _others(rows: pa.Table, number: int) -> pa.Array:
    """Pseudonyms of others, spread as evenly."""
    names = rows.column("listener_id").to_pylist()
    return pa.array([f"{(int(name, 16) + number * 7919 * 16**27) % 16**32:032x}" for name in names])


def _rate(folder: pathlib.Path, model: str, policies: str, workers: int) -> dict[str, Any]:
    found = []
    for times in _TIMES:
        features = folder / f"times-{times}"
        done = harness.segue(
            *("recommend", "--model", str(folder / model / "serving" / "segue")),
            *("--listeners", str(features / "segments"), "--features", str(features)),
            *("--tracks", str(folder / "world" / "tracks.parquet"), "--policy", policies),
            *("--out", str(folder / "out"), "--workers", str(workers), "--json"),
            TF_CPP_MIN_LOG_LEVEL="3",
        )
        found.append((done, done.told()))
    (short, few), (long, many) = found
    more = many["read"] - few["read"]
    return {
        "listeners": many["read"],
        "lists": sum(many["lists"].values()),
        **long.figures(),
        "listeners_per_second_whole_command": round(many["read"] / long.seconds),
        "listeners_per_second": round(more / (long.seconds - short.seconds)),
        "cpu_ms_per_listener": round(1000 * (long.cpu_seconds - short.cpu_seconds) / more, 3),
        "load_before": round(os.getloadavg()[2], 1),
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
