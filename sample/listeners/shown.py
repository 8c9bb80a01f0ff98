"""What listeners are shown, from files: lists of recommendations, or impressions."""

from __future__ import annotations

import glob
import os
import pathlib
from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from sample.listeners.acts import key
from sample.listeners.arrivals import Arrivals
from sample.listeners.kinds import DAY, HOUR
from schema.events import SCHEMA_VERSION, Impression, RefusedError, encode, parse
from schema.tables import RECOMMENDATIONS, conform

_ROWS: Final = 1_024
_HOURS: Final = (7, 23)  # of a day, in which lists are shown where nobody says when


def of_recommendations(path: str | os.PathLike[str]) -> Iterator[Impression]:
    """The impressions of every list: each slot of it is shown once.

    Args:
        path: Parquet with the columns of `schema.tables.RECOMMENDATIONS`.

    Raises:
        OSError: it cannot be read.
        ValueError: it is another table, or a value of it cannot stand in an event.
    """
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_ROWS):
            rows = conform(pa.Table.from_batches([batch]), RECOMMENDATIONS)
            times = rows.column("shown_at").cast("int64").to_pylist()
            days = rows.column("day").cast("int32").to_pylist()
            for row, time, day in zip(rows.to_pylist(), times, days, strict=True):
                yield from _slots(row, time, day)


def of_events(pattern: str, folder: str | os.PathLike[str]) -> Iterator[Impression]:
    """The impressions among events, each once, by time; whatever else is there is passed over.

    Memory holds those of an hour: copies of an impression have its time.

    Args:
        pattern: a file of JSON lines, a directory of `*.jsonl`, or a pattern.
        folder: where they wait for their hour, on the disk.

    Raises:
        OSError: a file cannot be read.
        ValueError: nothing is there.
    """
    paths = _files(pattern)
    with Arrivals(pathlib.Path(folder)) as waiting:
        for path in paths:
            with path.open("rb") as lines:
                for event in filter(None, map(_impression, lines)):
                    waiting.add(event.event_time, (0, 0, 0), encode(event))
        hour, seen = 0, set[str]()
        for _, messages in waiting.by_day():
            for event in filter(None, map(_impression, messages)):
                if event.event_time // HOUR != hour:
                    hour, seen = event.event_time // HOUR, set()
                if event.idempotency_key not in seen:
                    seen.add(event.idempotency_key)
                    yield event


def _files(pattern: str) -> list[pathlib.Path]:
    path = pathlib.Path(pattern)
    if path.is_file():
        return [path]
    inside = path.glob("*.jsonl") if path.is_dir() else map(pathlib.Path, glob.glob(pattern))
    if found := sorted(inside):
        return found
    raise ValueError(f"{pattern}: no file of events")


def _impression(line: bytes) -> Impression | None:
    if b'"impression"' not in line:
        return None
    try:
        event = parse(line)
    except RefusedError:
        return None
    return event if isinstance(event, Impression) else None


def _slots(row: dict[str, Any], time: int | None, day: int) -> Iterator[Impression]:
    tracks = row["track_uris"]
    chances = row["propensities"] or [1.0] * len(tracks)
    if len(chances) != len(tracks):
        raise ValueError(
            f"a list of {len(tracks)} tracks has {len(chances)} propensities; each needs one"
        )
    name = "/".join(
        str(row[part])
        for part in ("listener_id", "day", "model_version", "experiment", "arm", "surface")
    )
    request = row["request_id"] or key(name)
    if time is None:
        first, last = _HOURS
        part = int(key(f"{request}/shown")[:12], 16) / 16**12
        time = day * DAY + int((first + part * (last - first)) * HOUR)
    for position, (track, propensity) in enumerate(zip(tracks, chances, strict=True)):
        yield Impression(
            schema_version=SCHEMA_VERSION,
            idempotency_key=key(f"{request}/{position}"),
            event_time=time,
            listener_id=row["listener_id"],
            session_id=key(f"{request}/session"),
            track_uri=track,
            request_id=request,
            surface=row["surface"] or "home",
            position=position,
            model_version=row["model_version"],
            candidate_set=row["candidate_set"] or request,
            propensity=propensity,
            experiment=row["experiment"],
            arm=row["arm"],
        )
