"""What a gateway needs beside a model: tracks, features in a store, and a published day."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from benchmarks import harness, serving_model
from listening.features import finish, partitions
from listening.recommending import publishing
from listening.store import open_store
from schema.tables import FEATURE_VIEWS, RECOMMENDATIONS, SET_ASIDE, TRACKS

#: Surfaces of configs/policies that the load asks for.
SURFACES: Final = ("discover", "home")
_CUT: Final = datetime.datetime(2026, 11, 20, tzinfo=datetime.timezone.utc)
_SEGMENTS: Final = ("casual", "heavy", "new_users")
_HEARD: Final = 200
_SEEDS: Final = 50
_TIES: Final = 5
_SHOWN: Final = 30


def listener(number: int) -> str:
    """A pseudonym, spread as those of an HMAC are."""
    return f"{number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}"


def make(folder: pathlib.Path, tracks: int, listeners: int) -> list[str]:
    """Writes tables, features, a store and lists.

    Args:
        folder: where to.
        tracks: of the table: those of `serving_model`.
        listeners: of whom features are made.

    Returns:
        The listeners.
    """
    owners = serving_model.owners(tracks)
    _write_tracks(folder / "tracks.parquet", owners)
    names = sorted(map(listener, range(listeners)))
    chance = np.random.default_rng(0)
    # A few tracks are played by many, as it is.
    weights = 1 / np.arange(1, tracks + 1)
    played = chance.choice(tracks, (listeners, _HEARD), p=weights / weights.sum())
    heard = [list(dict.fromkeys(row)) for row in played.tolist()]
    views = {
        "listening_history": [
            _history(who, of, owners) for who, of in zip(names, heard, strict=True)
        ],
        "heard": [
            {
                "listener_id": who,
                "track_uris": [serving_model.uri(n) for n in of],
                "streams": [1] * len(of),
            }
            for who, of in zip(names, heard, strict=True)
        ],
        "segments": [
            {"listener_id": who, "segment": _SEGMENTS[n % len(_SEGMENTS)], "why": "made up"}
            for n, who in enumerate(names)
        ],
        "social_graph": [
            {
                "listener_id": who,
                "neighbours": names[:_TIES],
                "similarities": [0.5] * _TIES,
                "followed_artists": [_artist(int(owners[of[0]]))],
            }
            for who, of in zip(names, heard, strict=True)
        ],
    }
    store = open_store(f"embedded:{folder / 'store'}", str(folder / "features"))
    for view, rows in views.items():
        with partitions.building(str(folder / "features"), view, _CUT) as draft:
            finish(draft, [_table(view, rows)], refuse=False)
        store.materialise(view)
    store.close()
    _publish(folder / "recommendations", names)
    return names


def config(folder: pathlib.Path, target: str, **fields: Any) -> str:
    """Writes the configuration of a gateway, and gives its path."""
    content = {
        "listen": {"port": 0},
        "server": {"target": target, "deadline_ms": 1_000},
        "store": {"uri": f"embedded:{folder / 'store'}", "cache_seconds": 0, "deadline_ms": 1_000},
        "features": str(folder / "features"),
        "tracks": str(folder / "tracks.parquet"),
        "policies": [str(harness.ROOT / "configs" / "policies")],
        "recommendations": str(folder / "recommendations"),
        "exposures": {"directory": str(folder / "exposures")},
        "limits": {"per_second": 1e6, "burst": 10**6, "answer_ms": 2_000},
        **fields,
    }
    path = folder / "gateway.yaml"
    path.write_text(yaml.safe_dump(content))
    return str(path)


def _write_tracks(path: pathlib.Path, owners: np.ndarray) -> None:
    names = range(len(owners))
    columns: Mapping[str, Any] = {
        "track_uri": [serving_model.uri(n) for n in names],
        "track_name": [f"Track {n}" for n in names],
        "artist_uri": [_artist(int(n)) for n in owners],
        "artist_name": [f"Artist {n}" for n in owners.tolist()],
        "duration_ms": [180_000] * len(owners),
        "release_date": [_CUT.date() - datetime.timedelta(days=n % 4_000) for n in names],
        "explicit": [n % 9 == 0 for n in names],
    }
    arrays = [
        pa.array(columns.get(field.name, [None] * len(owners)), field.type) for field in TRACKS
    ]
    pq.write_table(pa.table(arrays, schema=TRACKS), path)


def _history(who: str, heard: list[int], owners: np.ndarray) -> dict[str, Any]:
    seeds = heard[:_SEEDS]
    times = [_CUT - datetime.timedelta(hours=n + 1) for n in range(len(seeds))]
    artists = list(dict.fromkeys(int(owners[n]) for n in heard))[:10]
    return {
        "listener_id": who,
        "first_seen": times[-1],
        "last_seen": times[0],
        "streams_28d": len(heard),
        "top_artists": [_artist(n) for n in artists],
        "top_artist_streams": [1] * len(artists),
        "seed_uris": [serving_model.uri(n) for n in seeds],
        "seed_times": times,
    }


def _publish(folder: pathlib.Path, names: list[str]) -> None:
    day = _CUT.date()
    uris = [serving_model.uri(n) for n in range(1_000, 1_000 + _SHOWN)]
    rows = [
        {
            "listener_id": who,
            "day": day,
            "model_version": "1",
            "surface": surface,
            "track_uris": uris,
            "reasons": ["of the day before"] * _SHOWN,
            "shelves": ["Never heard"] * _SHOWN,
        }
        for who in names
        for surface in SURFACES
    ]
    with publishing.publishing(str(folder), day) as draft:
        part = pa.Table.from_pylist(rows, RECOMMENDATIONS)
        draft.write([part], SET_ASIDE.empty_table(), _CUT)


def _table(view: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows in the columns of a view; what one does not say is 0, or nothing."""
    schema = FEATURE_VIEWS[view].schema
    columns = [[row.get(field.name, _blank(field)) for row in rows] for field in schema]
    return pa.table(
        [pa.array(each, field.type) for each, field in zip(columns, schema, strict=True)],
        schema=schema,
    )


def _blank(field: pa.Field) -> Any:
    if field.nullable:
        return None
    if pa.types.is_list(field.type):
        return []
    if pa.types.is_timestamp(field.type):
        return _CUT
    return "" if pa.types.is_string(field.type) else 0


def _artist(number: int) -> str:
    return f"spotify:artist:{number:022d}"
