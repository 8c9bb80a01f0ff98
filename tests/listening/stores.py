"""Stores with a listener to erase, and where one is still found."""

from __future__ import annotations

import dataclasses
import datetime
import gzip
import json
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from listening.events import DirectorySource, LandingOptions, land, reading
from listening.features import finish, partitions
from listening.features.social.columns import from_lists
from listening.held_out import MANIFEST, SlicesWriter, sides, written_whole
from listening.recommending import publishing
from listening.store import open_store
from schema.splits import SPLITS
from schema.tables import RECOMMENDATIONS, SET_ASIDE
from tests.listening.events.making import NOW, message, write
from tests.listening.store.making import asked, day, segments, timed

GONE = "5eedf00d" * 4
STAYS = "0ddba11c" * 4


@dataclasses.dataclass(frozen=True)
class Filled:
    """A store with two listeners; `rows` counts what is left of both."""

    name: str
    root: str
    rows: Callable[[], int]


def events(folder: pathlib.Path, seconds: int = 400) -> Filled:
    root, source = str(folder / "out"), folder / "source"
    lines = []
    for number in range(60):
        listener = (GONE, STAYS, f"{number:032x}")[number % 3]
        lines.append(message(number * seconds, listener_id=listener))
    follow = {"type": "follow", "track_uri": None, "ms_played": None, "track_ms": None}
    lines += [
        message(100, **follow, source=None, listener_id=STAYS, followed_listener=GONE),
        message(101, **follow, source=None, listener_id=STAYS, followed_listener=f"{1:032x}"),
        message(102, listener_id=GONE, ms_played=-1),
        message(103, listener_id=STAYS, ms_played=-1),
        b"not JSON of " + GONE.upper().encode(),
        b'{"listener_id": "' + GONE.replace("5", "\\u0035").encode() + b'"}',
        GONE.encode("utf-16"),
    ]
    write(source, "a", lines[:40])
    write(source, "b", lines[40:])
    land(root, DirectorySource(str(source)), LandingOptions(batch=1), clock=lambda: NOW)
    return Filled("events", root, lambda: count(root))


def count(root: str) -> int:
    hours = (reading.read_hour(root, hour).num_rows for hour in reading.landed(root).hours)
    return sum(hours) + reading.read_dead_letters(root).num_rows


def tables(folder: pathlib.Path) -> Filled:
    root = folder / "tables"
    (root / "of" / "ties").mkdir(parents=True)
    ids = [GONE, STAYS, None] * 10
    pq.write_table(pa.table({"listener_id": ids, "n": range(30)}), root / "a.parquet")
    ties = {"listener_id": [STAYS] * 3, "followed_listener": [GONE, f"{7:032x}", None]}
    pq.write_table(pa.table(ties), root / "of" / "ties" / "b.parquet")
    pq.write_table(pa.table({"track_uri": ["x"]}), root / "tracks.parquet")
    paths = [*root.rglob("*.parquet")]
    return Filled("tables", str(root), lambda: sum(pq.read_table(p).num_rows for p in paths))


def features(folder: pathlib.Path) -> Filled:
    """A social graph: GONE and STAYS follow each other, and others."""
    root, other = str(folder / "features"), f"{1:032x}"
    ties = {GONE: [other, STAYS], STAYS: [GONE, other], other: [STAYS]}
    rows = [(name, followed) for name in sorted(ties) for followed in sorted(ties[name])]
    mine, theirs = (np.array(column) for column in zip(*rows, strict=True))
    listeners = np.array(sorted(ties))
    table = from_lists(
        listeners,
        (np.searchsorted(listeners, mine), theirs, np.full(len(rows), 0.5)),
        np.array([sum(name in followed for followed in ties.values()) for name in listeners]),
        np.array([sum(name in ties[each] for each in ties[name]) for name in listeners.tolist()]),
        (np.array([], np.int64), np.array([], "U1")),
    )
    with partitions.building(root, "social_graph", partitions.cut_of("2024-03-20T12")) as draft:
        finish(draft, [table])
    return Filled("features", root, lambda: entries(root))


def store(folder: pathlib.Path) -> Filled:
    """An embedded store that serves segments, some of them pushed."""
    return served("store", f"embedded:{folder / 'store'}", folder)


def served(name: str, place: str, folder: pathlib.Path) -> Filled:
    """A store that serves segments, some of them pushed; it lies in `folder`/store."""
    numbers = (int(GONE, 16), int(STAYS, 16))
    found = open_store(place, str(folder / "built"))
    for number, time in enumerate((day(2), day(3))):
        rows = segments(dict.fromkeys(numbers, f"segment {number}"))
        found.push("segments", timed(rows, [time, time]))
    found.close()

    def left() -> int:
        again = open_store(place, str(folder / "built"))
        asked_for = [(number, time) for number in numbers for time in (day(2), day(3))]
        joined = again.join("segments", asked(asked_for)).column("segment")
        served = again.read("segments", [GONE, STAYS]).column("segment")
        again.close()
        return len(joined) - joined.null_count + len(served) - served.null_count

    return Filled(name, str(folder / "store"), left)


def recommendations(folder: pathlib.Path) -> Filled:
    """Two days of lists; on the second each has two."""
    root = str(folder / "recommendations")
    for number, surfaces in enumerate((["home"], ["discover", "home"])):
        when = datetime.date(2024, 3, 20 + number)
        rows = [
            {"listener_id": name, "day": when, "model_version": "1", "surface": surface}
            for name in (STAYS, GONE)
            for surface in surfaces
        ]
        lists = pa.Table.from_pylist([{**row, "track_uris": []} for row in rows], RECOMMENDATIONS)
        with publishing.publishing(root, when) as draft:
            draft.write([lists], SET_ASIDE.empty_table(), partitions.cut_of(f"{when}T00"))
    return Filled(
        "recommendations",
        root,
        lambda: sum(each.table().num_rows for each in publishing.published(root)),
    )


def slices(folder: pathlib.Path) -> Filled:
    """Records of train and eval of each, and one playlist."""
    root = str(folder / "slices")
    told = {"segment": "new_users", "seen": 1, "features": [0.5, None]}
    with written_whole(root, "test") as partial, SlicesWriter(partial, "listeners") as written:
        for split, tracks in (("train", 1), ("eval", 2)):
            for name in (STAYS, GONE):
                record = {
                    "pid": sides.pid(name, split),
                    "listener": {"split": split, **told},
                    "tracks": [{"track_uri": f"spotify:track:{n:022d}"} for n in range(tracks)],
                }
                written.add(orjson.dumps(record))
        with SlicesWriter(partial, "playlists-00000") as playlists:
            playlists.add(b'{"pid":1,"tracks":[]}')
        pathlib.Path(partial, MANIFEST).write_text(json.dumps({"listeners": 2, "left_out": {}}))
    return Filled("slices", root, lambda: len(records(root)) - 1)


def records(root: str) -> list[dict[str, Any]]:
    paths = sorted(pathlib.Path(root).glob("*.json.gz"))
    found = [json.loads(gzip.decompress(path.read_bytes()))["playlists"] for path in paths]
    return [record for each in found for record in each]


def entries(root: str) -> int:
    """Rows of all partitions, and entries of their lists."""
    tables = [each.table() for each in partitions.partitions(root, "social_graph")]
    return sum(
        table.num_rows + len(table.column("neighbours").combine_chunks().flatten())
        for table in tables
    )


def traces(root: str, listener: str) -> list[str]:
    """Files of a directory in whose bytes, unpacked where they are packed, the listener is.

    Also by the number that stands for the pseudonym in a split.
    """
    found = []
    for path in pathlib.Path(root).rglob("*"):
        if path.is_file():
            content = path.read_bytes() + str(path).encode()
            if path.suffix == ".parquet":
                content += repr(pq.read_table(path).to_pylist()).encode()
            if path.suffix == ".gz":
                content += gzip.decompress(path.read_bytes())
            plain = content.lower().replace(b"\\\\u0035", b"5").replace(b"\\x00", b"")
            names = [listener, *(str(sides.pid(listener, split)) for split in SPLITS)]
            if any(name.encode() in plain for name in names):
                found.append(str(path))
    return found
