"""`segue sample` with listeners, and `segue sample respond`."""

from __future__ import annotations

import datetime
import json
import pathlib
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from schema.events import parse
from schema.status import SampleRespondStatus, SampleStatus, StatusLine
from schema.tables import RECOMMENDATIONS

SIZE = ("--playlists", "30", "--listeners", "20", "--days", "3", "--seed", "5")


def status(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["sample", *arguments, "--json"])
    assert done.exit_code == code, done.output
    return StatusLine.model_validate_json(done.stdout).root


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("sample")
    status(*SIZE, "--output", str(path))
    return path


def test_a_world_says_what_it_is(tmp_path: pathlib.Path) -> None:
    found = status(*SIZE, "--output", str(tmp_path))
    assert isinstance(found, SampleStatus)
    assert (found.status, found.playlists, found.slices, found.days) == ("ok", 30, 1, 3)
    assert sum(found.listeners.values()) == 20
    assert found.messages == found.unique + found.duplicates + sum(found.malformed.values())
    assert sum(found.types.values()) == found.unique
    lines = [
        line for path in (tmp_path / "events").iterdir() for line in path.read_bytes().splitlines()
    ]
    assert len(lines) == found.messages > 100
    assert {path.name for path in tmp_path.iterdir()} == {
        *(".lock", "mpd.slice.0-29.json", "events", "truth"),
        *("tracks.parquet", "audio.parquet", "follows.parquet"),
    }


def test_what_is_written_lands_as_it_was_counted(tmp_path: pathlib.Path) -> None:
    made = status(*SIZE, "--output", str(tmp_path / "sample"))
    asked = ("--input", str(tmp_path / "sample" / "events"), "--out", str(tmp_path / "landed"))
    done = CliRunner().invoke(app, ["events", "land", *asked, "--json"])
    assert done.exit_code == 0, done.output
    landed = StatusLine.model_validate_json(done.stdout).root
    assert (landed.read, landed.landed) == (made.messages, made.unique)
    assert landed.duplicates == made.duplicates > 0
    assert landed.refused == made.malformed


def test_without_listeners_there_is_no_world(tmp_path: pathlib.Path) -> None:
    found = status("--playlists", "30", "--output", str(tmp_path))
    assert (found.playlists, found.messages, found.days) == (30, 0, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["mpd.slice.0-29.json"]


def test_listeners_respond_to_lists(folder: pathlib.Path) -> None:
    tracks = pq.read_table(folder / "tracks.parquet").column("track_uri").to_pylist()[:10]
    line = next(iter((folder / "events").iterdir())).read_bytes().splitlines()[0]
    lists = [
        {
            "listener_id": parse(line).listener_id,
            "day": datetime.date(2017, 11, day),
            "model_version": "1",
            "track_uris": tracks,
            "experiment": "e",
            "arm": "b",
        }
        for day in range(4, 9)
    ]
    path = str(folder / "lists.parquet")
    pq.write_table(pa.Table.from_pylist(lists, RECOMMENDATIONS), path)
    asked = ("respond", "--world", str(folder), "--recommendations", path, "--effect", "b=0.5")
    found = status(*asked)
    assert isinstance(found, SampleRespondStatus)
    assert (found.status, found.impressions, found.strangers) == ("ok", 50, 0)
    assert found.events["impression"] == 50
    assert found.output == str(folder / "responses" / "responses.jsonl")
    assert len(pathlib.Path(found.output).read_bytes().splitlines()) == sum(found.events.values())
    assert (
        json.loads(pathlib.Path(found.truth).read_text())["experiments"]["e"]["b"]["effect"] == 0.5
    )
    # What was written can be shown again, and nothing but the impressions is lost.
    again = status(
        *("respond", "--world", str(folder), "--effect", "b=0.5"),
        *("--impressions", found.output, "--output", str(folder / "again.jsonl")),
    )
    assert again.events == {k: n for k, n in found.events.items() if k != "impression"}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("respond",), "give either --recommendations or --impressions"),
        (("respond", "--recommendations", "a", "--impressions", "b"), "give either"),
        (("respond", "--recommendations", "a", "--effect", "b"), "--effect: b is not of the form"),
        (("respond", "--recommendations", "a", "--effect", "=1"), "not of the form ARM=SHARE"),
        (("respond", "--recommendations", "a", "--effect", "b=x"), "not of the form ARM=SHARE"),
        (("respond", "--recommendations", ""), "--recommendations"),
        (("respond", "--world", "", "--impressions", "a"), "--world"),
        (("--listeners", "-1"), "--listeners"),
        (("--days", "0"), "--days"),
        (("--output", ""), "--output"),
    ],
)
def test_bad_usage_is_a_status(arguments: tuple[str, ...], error: str) -> None:
    found = status(*arguments, code=2)
    assert found.status == "invalid"
    assert found.command == ("sample respond" if "respond" in arguments else "sample")
    assert error in found.error


def test_what_cannot_be_read_is_a_sentence(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    nowhere = status(
        *("respond", "--world", str(tmp_path), "--recommendations", "lists.parquet"), code=1
    )
    assert "world.json is missing: segue sample --listeners writes it" in nowhere.error
    missing = status(
        *("respond", "--world", str(folder), "--recommendations", str(tmp_path / "no")), code=1
    )
    assert str(tmp_path / "no") in missing.error
    (tmp_path / "text").write_text("text")
    text = status(
        *("respond", "--world", str(folder), "--recommendations", str(tmp_path / "text")), code=1
    )
    assert text.status == "failed"


def test_an_unknown_word_after_sample_is_bad_usage() -> None:
    done = CliRunner().invoke(app, ["sample", "listeners"])
    assert done.exit_code == 2
    assert "No such command 'listeners'" in done.output
