"""What is true of a world and nobody may know: its folder `truth/`.

No code that recommends, analyses or decides reads it or imports this room: `[tool.importlinter]`
in pyproject.toml and tests/sample/listeners/test_truth.py hold that.

    truth/world.json         what the world was made for, the stated shares, what was counted
    truth/listeners.parquet  a row a listener: kind, taste and true rates
    truth/tracks.parquet     a row a track: its latent vector
    truth/faults.parquet     a row a message that was late, a copy, or malformed
    truth/responses/         the true effects of experiments; see `respond`
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import Any, Final

import numpy as np
import pyarrow as pa

from sample import names
from sample.listeners import kinds
from sample.listeners.catalogue import Catalogue
from sample.listeners.clock import intensity
from sample.listeners.kinds import KIND_NAMES, KINDS, WorldSize
from sample.listeners.people import Listener
from schema.files import write_text

TRUTH: Final = "truth"
WORLD_FILE: Final = "world.json"
RESPONSES: Final = "responses"
_VECTOR: Final = pa.list_(pa.field("item", pa.float32(), nullable=False))

LISTENERS: Final = pa.schema(
    [
        pa.field("listener_id", pa.string(), nullable=False),
        pa.field("number", pa.int32(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("taste", _VECTOR, nullable=False),
        pa.field("genre", pa.int32(), nullable=False),
        pa.field("sessions_per_day", pa.float64(), nullable=False),
        pa.field("tracks_per_session", pa.float64(), nullable=False),
        pa.field("repeat_share", pa.float64(), nullable=False),
        pa.field("skip_rate", pa.float64(), nullable=False),
        pa.field("joined", pa.int32(), nullable=False),
        pa.field("expected_sessions", pa.float64(), nullable=False),
    ]
)
TRACKS: Final = pa.schema(
    [
        pa.field("track_uri", pa.string(), nullable=False),
        pa.field("is_in_playlists", pa.bool_(), nullable=False),
        pa.field("vector", _VECTOR, nullable=False),
    ]
)
FAULTS: Final = pa.schema(
    [
        pa.field("listener_id", pa.string(), nullable=False),
        pa.field("idempotency_key", pa.string(), nullable=False),
        pa.field("fault", pa.string(), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("event_time", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("arrival", pa.timestamp("us", tz="UTC"), nullable=False),
    ]
)


def listener_row(size: WorldSize, listener: Listener) -> dict[str, Any]:
    """A row of LISTENERS."""
    hours = intensity(size.days, listener.shift)[24 * max(0, listener.joined) :]
    return {
        "listener_id": listener.listener_id,
        "number": listener.number,
        "kind": KIND_NAMES[listener.kind],
        "taste": listener.taste.tolist(),
        "genre": listener.genre,
        "sessions_per_day": listener.sessions_per_day,
        "tracks_per_session": listener.tracks_per_session,
        "repeat_share": listener.repeat_share,
        "skip_rate": listener.skip_rate,
        "joined": listener.joined,
        "expected_sessions": listener.sessions_per_day * float(hours.sum()),
    }


def track_row(catalogue: Catalogue, track: int) -> dict[str, Any]:
    """A row of TRACKS."""
    return {
        "track_uri": names.uri(catalogue.world.seed, "track", int(catalogue.number[track])),
        "is_in_playlists": bool(catalogue.is_heard[track]),
        "vector": np.asarray(catalogue.vectors[track]).tolist(),
    }


def write_world_file(folder: pathlib.Path, size: WorldSize, counts: dict[str, Any]) -> None:
    """Writes what a world was made for and what came of it; it is written last."""
    content = {
        "size": dataclasses.asdict(size),
        "shares": {
            "kinds": {name: kind.share for name, kind in KINDS.items()},
            "unheard_tracks": kinds.UNHEARD_SHARE,
            "malformed": kinds.MALFORMED_SHARE,
            "late": kinds.LATE_SHARE,
            "duplicates": kinds.DUPLICATE_SHARE,
            "newer_version": kinds.NEWER_SHARE,
        },
        "counts": counts,
    }
    write_text(folder / WORLD_FILE, json.dumps(content, indent=1) + "\n")


def read_size(folder: pathlib.Path) -> WorldSize:
    """What the world of a folder was made for.

    Args:
        folder: `truth/`.

    Raises:
        ValueError: it holds no world.
    """
    path = folder / WORLD_FILE
    if not path.is_file():
        raise ValueError(f"{path} is missing: segue sample --listeners writes it")
    try:
        return WorldSize(**json.loads(path.read_text(encoding="utf-8"))["size"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} describes no world: {error}") from None
