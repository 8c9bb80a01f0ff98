"""Writes a world of listeners: events in the order of arrival, tables, and the truth.

Listeners come one by one, and events wait in files by hour, so memory holds the catalogue, an hour
of messages, and a byte a listener.
"""

from __future__ import annotations

import collections
import datetime
import os
import pathlib
import re
from collections.abc import Iterator
from typing import Any, Final

from sample.listeners import truth
from sample.listeners.acts import EventMaker
from sample.listeners.alone import PARTIAL, alone
from sample.listeners.arrivals import Arrivals
from sample.listeners.catalogue import Catalogue, build_catalogue
from sample.listeners.delivery import deliver
from sample.listeners.kinds import KIND_NAMES, WorldSize
from sample.listeners.parquet import table_writer
from sample.listeners.people import Listener, People
from sample.listeners.social import ties_before
from sample.listeners.tables import audio_rows, track_rows
from schema import tables
from schema.files import replacing

EVENTS_FOLDER: Final = "events"
_OURS: Final = (
    f"{PARTIAL}.parquet",  # of tables; slices are written by others too
    f"{EVENTS_FOLDER}/{PARTIAL}",
    f"{truth.TRUTH}/**/{PARTIAL}",
)
_NAME: Final = re.compile(r"events-\d{4}-\d\d-\d\d\.jsonl")


def write_world(output: str | os.PathLike[str], size: WorldSize) -> dict[str, Any]:
    """Writes a world beside the playlists of the same seed.

    Args:
        output: the directory, made where it is missing.
        size: what it is made for.

    Returns:
        What was counted: `listeners`, by kind; `tracks`, of which `unheard`; `messages`, of which
        `unique` events, `duplicates` and `malformed`, by reason; `late`.

    Raises:
        FileExistsError: its folder of events holds files that this would not have written.
        InUseError: another command writes to the directory.
    """
    folder = pathlib.Path(output)
    events, hidden = folder / EVENTS_FOLDER, folder / truth.TRUTH
    with alone(folder, "segue sample", _OURS):
        return _write(folder, events, hidden, size)


def _write(
    folder: pathlib.Path, events: pathlib.Path, hidden: pathlib.Path, size: WorldSize
) -> dict[str, Any]:
    _check(events)
    events.mkdir(parents=True, exist_ok=True)
    catalogue = build_catalogue(size)
    people = People(size, catalogue)
    with table_writer(folder / tables.TRACKS_FILE, tables.TRACKS) as rows:
        rows.add(track_rows(catalogue))
    with table_writer(folder / tables.AUDIO_FILE, tables.AUDIO) as rows:
        rows.add(audio_rows(catalogue))
    with table_writer(folder / tables.FOLLOWS_FILE, tables.FOLLOWS) as rows:
        rows.add(ties_before(size, catalogue, people))
    with table_writer(hidden / "tracks.parquet", truth.TRACKS) as rows:
        rows.add(truth.track_row(catalogue, track) for track in range(catalogue.tracks))
    maker, counts = EventMaker(size, catalogue, people), collections.Counter[tuple[str, str]]()
    with Arrivals(folder) as arrivals:
        with (
            table_writer(hidden / "listeners.parquet", truth.LISTENERS) as listeners,
            table_writer(hidden / "faults.parquet", truth.FAULTS) as faults,
        ):
            for number in range(size.listeners):
                listener = people.listener(number)
                listeners.add([truth.listener_row(size, listener)])
                counts["kind", KIND_NAMES[listener.kind]] += 1
                faults.add(_send(size, maker, listener, arrivals, counts))
        _write_events(events, arrivals)
    found = _summary(catalogue, counts)
    truth.write_world_file(hidden, size, found)
    return found


def _send(
    size: WorldSize,
    maker: EventMaker,
    listener: Listener,
    arrivals: Arrivals,
    counts: collections.Counter[tuple[str, str]],
) -> Iterator[dict[str, Any]]:
    """Sends a listener's events; yields what was wrong with them."""
    events = maker.events(listener)
    for message in deliver(size, listener.number, events):
        event = events[message.number]
        order = (listener.number, message.number, message.copy)
        arrivals.add(message.arrival, order, message.content)
        counts["fault", message.fault or "none"] += 1
        if message.reason:
            counts["reason", message.reason] += 1
        elif not message.copy:
            counts["type", event["type"]] += 1
        if message.fault:
            yield {
                "listener_id": listener.listener_id,
                "idempotency_key": event["idempotency_key"],
                "fault": message.fault,
                "reason": message.reason,
                "event_time": event["event_time"],
                "arrival": message.arrival,
            }


def _write_events(folder: pathlib.Path, arrivals: Arrivals) -> None:
    """Writes a file for each day on which something arrived."""
    written = set()
    for day, messages in arrivals.by_day():
        date = datetime.date(1970, 1, 1) + datetime.timedelta(days=day)
        path = folder / f"events-{date:%Y-%m-%d}.jsonl"
        written.add(path)
        with replacing(path) as partial, partial.open("wb") as file:
            for message in messages:
                file.write(message + b"\n")
    for left in set(folder.glob("events-*.jsonl")) - written:
        left.unlink()  # of a world with more days that was here before


def _check(folder: pathlib.Path) -> None:
    foreign = sorted(path.name for path in folder.glob("*") if not _NAME.fullmatch(path.name))
    if foreign:
        raise FileExistsError(
            f"{folder} holds {len(foreign)} other files, such as {foreign[0]}: "
            "remove them or choose another directory"
        )


def _summary(catalogue: Catalogue, counts: collections.Counter[tuple[str, str]]) -> dict[str, Any]:
    def group(name: str) -> dict[str, int]:
        return {key: count for (part, key), count in sorted(counts.items()) if part == name}

    faults = group("fault")
    return {
        "listeners": group("kind"),
        "tracks": catalogue.tracks,
        "unheard": int((~catalogue.is_heard).sum()),
        "messages": sum(faults.values()),
        "unique": sum(group("type").values()),
        "types": group("type"),
        "late": faults.get("late", 0),
        "duplicates": faults.get("duplicate", 0),
        "malformed": group("reason"),
    }
