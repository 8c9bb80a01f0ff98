"""How segments agree with the kinds of listeners that a synthetic world is made of.

Features and segments are built day by day from the events alone; then, and only then, the truth is
read. A kind is what a listener is, a segment what may be seen of it, so they cannot be the same.
"""

from __future__ import annotations

import datetime
import json
import pathlib
import tempfile
from collections import Counter
from typing import Any, Final

import pyarrow.parquet as pq

from benchmarks import harness
from benchmarks.landed_world import landed_world
from listening import segments
from listening.features import history, partitions

_PLAYLISTS: Final = 2_000
_LISTENERS: Final = 1_000
_DAYS: Final = 14
#: Thresholds were chosen by the last day of the first world; the others have not been looked at.
_SEEDS: Final = (7, 8, 9)
_FIRST: Final = datetime.datetime(2017, 11, 1, tzinfo=datetime.timezone.utc)
#: The cuts: the beginning of these days, counted from 0.
_CUTS: Final = (11, 12, 13, 14)
#: The segment that is meant for each kind.
_MEANT: Final = {
    "new": "new_users",
    "casual": "casual_listeners",
    "heavy": "power_listeners",
    "genre_bound": "genre_focused",
}


def measure() -> dict[str, Any]:
    """Makes worlds, builds their segments as of several cuts, and compares them with the truth."""
    return {
        "playlists": _PLAYLISTS,
        "listeners": _LISTENERS,
        "days": _DAYS,
        "worlds": {f"seed_{seed}": _world(seed) for seed in _SEEDS},
    }


def _world(seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        events = landed_world(
            folder, playlists=_PLAYLISTS, listeners=_LISTENERS, days=_DAYS, seed=seed
        )
        features = str(folder / "features")
        rules = str(harness.ROOT / "configs" / "segments")
        days = []
        for day in _CUTS:
            cut = _FIRST + datetime.timedelta(days=day)
            history.build(events, features, cut, str(folder / "world" / "tracks.parquet"))
            built = segments.build(features, rules, cut)
            table = partitions.read(features, "segments", cut)
            found = dict(
                zip(
                    *(table.column(name).to_pylist() for name in ("listener_id", "segment")),
                    strict=True,
                )
            )
            days.append({"day": day, "moved": built.moved, **_compared(found, folder / "world")})
        return {"days": days}


def _compared(found: dict[str, str], world: pathlib.Path) -> dict[str, Any]:
    """Agreement over the listeners that have done something."""
    columns = ["listener_id", "kind", "joined"]
    truth = pq.read_table(world / "truth" / "listeners.parquet", columns=columns).to_pylist()
    kinds = {row["listener_id"]: row["kind"] for row in truth}
    table = Counter((kinds[listener], segment) for listener, segment in found.items())
    right = sum(table[kind, meant] for kind, meant in _MEANT.items())
    by_kind = Counter(kinds[listener] for listener in found)
    by_segment = Counter(found.values())
    total = len(found)
    chance = sum(by_kind[kind] * by_segment[meant] for kind, meant in _MEANT.items()) / total**2
    share = right / total
    return {
        "listeners": total,
        "agreement": round(share, 3),
        "kappa": round((share - chance) / (1 - chance), 3),
        "segments": {
            meant: {
                "listeners": by_segment[meant],
                "precision": round(table[kind, meant] / max(by_segment[meant], 1), 3),
                "recall": round(table[kind, meant] / max(by_kind[kind], 1), 3),
            }
            for kind, meant in _MEANT.items()
        },
        "kinds": {
            kind: {meant: table[kind, meant] for meant in _MEANT.values()} for kind in _MEANT
        },
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
