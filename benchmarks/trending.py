"""Popularity of the last days against that of all playlists, on a synthetic world's last day.

Events of the days before are counted, and the side table is as of the last day's start. Both fits
are the family's own, over the same catalogue. A row is a listener with at least one first play on
the last day: a track of the catalogue that they had not played before.
"""

from __future__ import annotations

import collections
import datetime
import json
import pathlib
import tempfile
from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from benchmarks.landed_world import landed_world
from evaluation.summary import estimate
from listening.counting import count, trending
from listening.events import reading
from models.contract import Catalogue, Playlists, Ragged, TrainingData
from models.data import side_tables
from models.families import family

_PLAYLISTS: Final = 2_000
_LISTENERS: Final = 1_000
_DAYS: Final = 14
_SEED: Final = 7
_HALF_LIVES: Final = (6.0, 24.0, 72.0, 24.0 * 365)
_DEPTHS: Final = (50, 500)
_DAY: Final = datetime.timedelta(days=1)


def measure() -> dict[str, Any]:
    """Makes a world, lands and counts its events, and looks what its listeners find last."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        size = {"playlists": _PLAYLISTS, "listeners": _LISTENERS, "days": _DAYS, "seed": _SEED}
        events, counts = landed_world(folder, **size), str(folder / "counts")
        count(events, counts)
        catalogue = _catalogue(folder / "world")
        last = max(reading.landed(events).hours)[:10]
        as_of = datetime.datetime.fromisoformat(f"{last}T00:00:00+00:00")
        finds = _first_plays(events, last, catalogue)
        by_playlists = _recalls(_ranking(catalogue, None), finds)
        found: dict[str, Any] = {
            **size,
            "last_day": last,
            "listeners_with_finds": len(finds),
            "catalogue": len(catalogue),
            "playlists": _told(by_playlists),
        }
        for half_life in _HALF_LIVES:
            out = str(folder / f"trending-{half_life:g}")
            trending(counts, out, half_life, as_of)
            _, trend = side_tables.trend(out, catalogue)
            recalls = _recalls(_ranking(catalogue, trend), finds)
            gains = {depth: recalls[depth] - by_playlists[depth] for depth in _DEPTHS}
            found[f"half_life_{half_life:g}_hours"] = {**_told(recalls), "gain": _told(gains)}
        return found


def _catalogue(world: pathlib.Path) -> Catalogue:
    """The tracks of all playlists, most frequent first."""
    counts: collections.Counter[str] = collections.Counter()
    for path in sorted(world.glob("mpd.slice.*.json")):
        for playlist in json.loads(path.read_bytes())["playlists"]:
            counts.update({track["track_uri"] for track in playlist["tracks"]})
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    unknown, none = np.full(len(ordered), -1), np.full(len(ordered), b"", object)
    return Catalogue(
        track_uris=np.array([uri.encode() for uri, _ in ordered], object),
        track_names=none,
        artist_names=none,
        artist_ids=unknown,
        album_ids=unknown,
        counts=np.array([number for _, number in ordered]),
    )


def _first_plays(events: str, last: str, catalogue: Catalogue) -> list[set[int]]:
    """By listener, what they streamed on the last day and had not played before."""
    ids = {uri.decode(): number for number, uri in enumerate(catalogue.track_uris)}
    before: dict[str, set[int]] = collections.defaultdict(set)
    found: dict[str, set[int]] = collections.defaultdict(set)
    for hour in reading.landed(events).hours:
        table = reading.read_hour(events, hour, ["type", "listener_id", "track_uri"])
        for kind, listener, uri in zip(*(each.to_pylist() for each in table.columns), strict=True):
            if kind not in ("stream", "skip") or uri not in ids:
                continue
            if not hour.startswith(last):
                before[listener].add(ids[uri])
            elif kind == "stream":
                found[listener].add(ids[uri])
    finds = (found[listener] - before[listener] for listener in sorted(found))
    return [each for each in finds if each]


def _ranking(catalogue: Catalogue, trend: np.ndarray | None) -> np.ndarray:
    """The catalogue in the order of the family's scores, best first."""
    popularity = family("popularity")
    none = Ragged.from_rows([])
    data = TrainingData(catalogue, Playlists(none, none), 0, 0, 0, trend=trend)
    scorer: Any = popularity.fit(data, popularity.params({}), 0, "").scorer
    scores = scorer.variables[0].numpy()
    return np.argsort(-scores, kind="stable")


def _recalls(ranking: np.ndarray, finds: Iterable[set[int]]) -> dict[int, np.ndarray]:
    """Of each listener's finds, the share among the first of a ranking."""
    sought = list(finds)
    best = {depth: set(ranking[:depth].tolist()) for depth in _DEPTHS}
    return {
        depth: np.array([len(each & best[depth]) / len(each) for each in sought])
        for depth in _DEPTHS
    }


def _told(values: dict[int, np.ndarray]) -> dict[str, Any]:
    return {f"recall@{depth}": estimate(each).model_dump() for depth, each in values.items()}
