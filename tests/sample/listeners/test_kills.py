"""A command that is killed while it writes a world: the next one clears away what it left."""

from __future__ import annotations

import datetime
import hashlib
import pathlib
import signal
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sample.listeners import WorldSize, of_events, of_recommendations, respond, write_world
from schema import output_lock
from schema.events import encode
from schema.tables import RECOMMENDATIONS

SIZE = WorldSize(20, 30, 2, 1)
_DIES = """
import os, pathlib, signal, sys
replace = pathlib.Path.replace

def die(partial, path):
    if path.suffix == ".jsonl":
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(partial, path)

pathlib.Path.replace = die
"""
_WRITES = """
from sample.listeners import WorldSize, write_world
write_world(sys.argv[1], WorldSize(20, 30, 2, 1))
"""
_RESPONDS = """
from sample.listeners import of_events, respond
world = sys.argv[1]
shown = of_events(world + "/log.jsonl", world)
respond(world, shown, world + "/responses/responses.jsonl")
"""


def killed(script: str, folder: pathlib.Path, root: pathlib.Path) -> set[str]:
    """Runs a script that dies before its first file of events is in place; what it leaves."""
    command = [sys.executable, "-c", _DIES + script, str(folder)]
    assert subprocess.run(command, cwd=root, check=False).returncode == -signal.SIGKILL
    return {path.name.partition("-")[0] for path in left_in(folder)}


def left_in(folder: pathlib.Path) -> list[pathlib.Path]:
    return [path for path in folder.rglob(".*") if path.name != output_lock.NAME]


def contents(folder: pathlib.Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("[!.]*")
        if path.is_file()
    }


def test_a_world(tmp_path: pathlib.Path, root: pathlib.Path) -> None:
    write_world(tmp_path / "fresh", SIZE)
    assert killed(_WRITES, tmp_path / "world", root) == {".arrivals", ".partial"}
    write_world(tmp_path / "world", SIZE)
    assert not left_in(tmp_path)
    assert contents(tmp_path / "world") == contents(tmp_path / "fresh")


def test_responses(tmp_path: pathlib.Path, root: pathlib.Path) -> None:
    write_world(tmp_path, SIZE)
    tracks = pq.read_table(tmp_path / "tracks.parquet").column("track_uri").to_pylist()
    listeners = pq.read_table(tmp_path / "truth" / "listeners.parquet").column("listener_id")
    lists = [
        {
            "listener_id": listener,
            "day": datetime.date(2017, 11, 3),
            "model_version": "1",
            "track_uris": tracks[:20],
        }
        for listener in listeners.to_pylist()
    ]
    pq.write_table(pa.Table.from_pylist(lists, RECOMMENDATIONS), tmp_path / "lists.parquet")
    shown = list(of_recommendations(tmp_path / "lists.parquet"))
    log = b"".join(encode(each) + b"\n" for each in shown)
    (tmp_path / "log.jsonl").write_bytes(log)
    other = respond(tmp_path, shown, tmp_path / "other.jsonl")
    assert killed(_RESPONDS, tmp_path, root) == {".arrivals", ".partial"}
    done = respond(
        tmp_path,
        of_events(str(tmp_path / "log.jsonl"), tmp_path),
        tmp_path / "responses" / "responses.jsonl",
    )
    assert not left_in(tmp_path)
    assert done.events == other.events
    written = (tmp_path / "responses" / "responses.jsonl").read_bytes()
    assert written == (tmp_path / "other.jsonl").read_bytes()


def test_one_at_a_time(tmp_path: pathlib.Path) -> None:
    write_world(tmp_path, SIZE)
    with output_lock.taken(str(tmp_path), "segue sample"):
        with pytest.raises(output_lock.InUseError, match="in use by process"):
            write_world(tmp_path, SIZE)
        with pytest.raises(output_lock.InUseError, match="in use by process"):
            respond(tmp_path, [], tmp_path / "x.jsonl")
