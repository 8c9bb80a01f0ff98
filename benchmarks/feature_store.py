"""What reads of the feature store take, and what fresher features cost and bring.

A synthetic world's last day: its listening history is built as of its beginning and of each hour of
its second half, and served as often as a refresh interval says. Whoever plays in an hour is
recommended to by the newest features that are served then: the last tracks, and what lies beside
them in playlists. What they play in that hour is looked for among the first tracks.
"""

from __future__ import annotations

import collections
import datetime
import json
import pathlib
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from benchmarks import harness
from benchmarks.landed_world import landed_world
from evaluation.summary import estimate
from listening.events import reading
from listening.features import history, partitions
from listening.store import FeatureStore, open_store
from scripts.background import free_port

_PLAYLISTS: Final = 600
_LISTENERS: Final = 400
_DAYS: Final = 7
_SEED: Final = 7
_INTERVALS: Final = (24, 12, 4, 1)
#: Listeners are recommended to in these hours, of 24.
_HOURS: Final = range(12, 24)
_DEPTH: Final = 100
_HOUR: Final = datetime.timedelta(hours=1)
_VIEW: Final = "listening_history"
#: Of a track's weight, for each one that was played after it.
_FADES: Final = 0.95
_KEYS: Final = (1, 10, 100)
_READS: Final = 1_000
_FEAST: Final = harness.ROOT / ".cache" / "feast" / "venv" / "bin" / "python"


def measure() -> dict[str, Any]:
    """Makes a world, builds its features hour by hour, and serves them."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        size = {"playlists": _PLAYLISTS, "listeners": _LISTENERS, "days": _DAYS, "seed": _SEED}
        events, features = landed_world(folder, **size), str(folder / "features")
        last = max(reading.landed(events).hours)[:10]
        start = datetime.datetime.fromisoformat(f"{last}T00:00:00+00:00")
        tracks, built = str(folder / "world" / "tracks.parquet"), {}
        for hour in (0, *_HOURS):
            cut = start + hour * _HOUR
            built[hour] = _cpu(lambda cut=cut: history.build(events, features, cut, tracks))
        # The first one imports what the others find.
        built[0] = float(np.median([built[hour] for hour in _HOURS]))
        plays = _plays(events, last)
        found: dict[str, Any] = {**size, "day": last, "streams": sum(map(len, plays.values()))}
        beside = _Beside(folder / "world")
        found["refresh"] = {
            f"every_{hours}_hours": _refreshed(
                folder, start, hours, built=built, plays=plays, beside=beside
            )
            for hours in _INTERVALS
        }
        finest = found["refresh"]["every_1_hours"].pop("by_listener")
        for each in found["refresh"].values():
            if "by_listener" in each:
                gain = finest - each.pop("by_listener")
                each["gain_of_every_hour"] = _told(gain)
        found["stores"] = dict(_stores(folder))
        return found


class _Beside:
    """What lies beside tracks in playlists: cosines of whom they are with."""

    def __init__(self, world: pathlib.Path) -> None:
        lists = [
            [track["track_uri"] for track in playlist["tracks"]]
            for path in sorted(world.glob("mpd.slice.*.json"))
            for playlist in json.loads(path.read_bytes())["playlists"]
        ]
        self.uris = sorted({uri for each in lists for uri in each})
        self.places = {uri: place for place, uri in enumerate(self.uris)}
        rows = np.repeat(np.arange(len(lists)), [len(each) for each in lists])
        columns = [self.places[uri] for each in lists for uri in each]
        held = sp.csr_matrix((np.ones(len(columns)), (rows, columns)))
        held.data[:] = 1
        norms = np.sqrt(held.multiply(held).sum(axis=0)).A1
        self._held = held @ sp.diags(1 / norms)

    def first(self, seeds: list[str]) -> list[str]:
        """The first tracks for whoever played these last, the newest first."""
        known = [(self.places[uri], n) for n, uri in enumerate(seeds) if uri in self.places]
        if not known:
            return []
        weights = np.zeros(len(self.uris))
        for place, n in known:
            weights[place] += _FADES**n
        scores = self._held.T @ (self._held @ weights)
        best = np.argpartition(-scores, _DEPTH)[:_DEPTH]
        return [self.uris[place] for place in best]


def _plays(events: str, day: str) -> dict[tuple[str, int], list[str]]:
    """The tracks that each listener streamed in each hour of a day."""
    found: dict[tuple[str, int], list[str]] = collections.defaultdict(list)
    for name in reading.landed(events).hours:
        if not name.startswith(day) or int(name[11:13]) not in _HOURS:
            continue
        rows = reading.read_hour(events, name)
        rows = rows.filter(pc.equal(rows.column("type"), "stream"))
        pairs = (rows.column(each).to_pylist() for each in ("listener_id", "track_uri"))
        for listener, uri in zip(*pairs, strict=True):
            found[listener, int(name[11:13])].append(uri)
    return found


def _refreshed(
    folder: pathlib.Path,
    start: datetime.datetime,
    hours: int,
    *,
    built: Mapping[int, float],
    plays: Mapping[tuple[str, int], list[str]],
    beside: _Beside,
) -> dict[str, Any]:
    """A day on which features are built and served every so many hours."""
    store = open_store(f"embedded:{folder / f'store-{hours}'}", str(folder / "features"))
    costs, hits, known = [], collections.defaultdict(list), 0
    for hour in (0, *_HOURS):
        if hour % hours == 0:
            cut = start + hour * _HOUR
            costs.append(built[hour] + _cpu(lambda cut=cut: store.materialise(_VIEW, until=cut)))
        if hour not in _HOURS:
            continue
        who = sorted(listener for listener, at in plays if at == hour)
        rows = store.read(_VIEW, who)
        for listener, seeds in zip(who, rows.column("seed_uris").to_pylist(), strict=True):
            known += seeds is not None
            first = set(beside.first(seeds or []))
            hits[listener] += [uri in first for uri in plays[listener, hour]]
    store.close()
    recalls = np.array([np.mean(hits[listener]) for listener in sorted(hits)])
    return {
        "refreshes_a_day": 24 // hours,
        "cpu_seconds_a_day": round(24 / hours * float(np.mean(costs)), 1),
        "listener_hours": len(plays),
        "listener_hours_with_features": known,
        f"recall_at_{_DEPTH}": _told(recalls),
        "by_listener": recalls,
    }


def _told(values: np.ndarray) -> dict[str, Any]:
    found: dict[str, Any] = estimate(values).model_dump()
    return {name: round(value, 4) for name, value in found.items()}


def _stores(folder: pathlib.Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each store that is installed, by name."""
    yield "embedded", _store(f"embedded:{folder / 'own'}", folder)
    if not (_FEAST.exists() and shutil.which("redis-server")):
        return
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    redis = subprocess.Popen([*command, "--dir", str(folder)], stdout=subprocess.DEVNULL)
    try:
        place = f"feast:{folder / 'feast'}?redis=127.0.0.1:{port}&python={_FEAST}"
        yield "feast_duckdb_redis", _store(place, folder)
    finally:
        redis.terminate()
        redis.wait()


def _store(place: str, folder: pathlib.Path) -> dict[str, Any]:
    features = str(folder / "features")
    store = open_store(place, features)
    begun = time.monotonic()
    store.read(_VIEW, ["0" * 32])
    started, begun = time.monotonic() - begun, time.monotonic()
    store.materialise(_VIEW)
    materialised = time.monotonic() - begun
    newest = partitions.newest(features, _VIEW)
    assert newest is not None
    listeners = newest.table().column("listener_id").to_pylist()
    times = [newest.time - hours * _HOUR for hours in range(24)]
    rows = [(listener, at) for listener in listeners for at in times]
    who = pa.table(
        {
            "listener_id": [listener for listener, _ in rows],
            "event_timestamp": pa.array([at for _, at in rows], pa.timestamp("us", tz="UTC")),
        }
    )
    begun = time.monotonic()
    joined = store.join(_VIEW, who)
    taken = time.monotonic() - begun
    known = len(joined) - joined.column("feature_time").null_count
    found = {
        "first_answer_seconds": round(started, 2),
        "materialised_rows": len(listeners),
        "materialise_seconds": round(materialised, 2),
        "joined_rows": who.num_rows,
        "joined_rows_with_features": known,
        "join_seconds": round(taken, 2),
        "read_ms": {f"keys_{keys}": _reads(store, listeners, keys) for keys in _KEYS},
    }
    store.close()
    return found


def _reads(store: FeatureStore, listeners: list[str], keys: int) -> dict[str, float]:
    """Milliseconds that reads of so many listeners take."""
    chance, taken = np.random.default_rng(keys), []
    for _ in range(_READS // keys + 100):
        some = chance.choice(listeners, keys).tolist()
        begun = time.perf_counter()
        store.read(_VIEW, some)
        taken.append(time.perf_counter() - begun)
    p50, p99 = np.percentile(taken, [50, 99]) * 1000
    return {"reads": len(taken), "p50": round(p50, 2), "p99": round(p99, 2)}


def _cpu(work: Callable[[], Any]) -> float:
    """CPU seconds of this process and its children that work takes."""

    def spent() -> float:
        both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(each.ru_utime + each.ru_stime for each in both)

    before = spent()
    work()
    return spent() - before


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
