"""`segue query`, in front of a server with the toy model."""

from __future__ import annotations

import csv
import io
import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline.cli.main import app
from tests.serving.toy_model import uri

UNKNOWN = "spotify:track:" + "z" * 22
Query = Callable[..., Any]


@pytest.fixture
def query(shared_target: str) -> Query:
    def run(*arguments: str, code: int = 0) -> Any:
        command = ["query", "--target", shared_target, "--top", "2", *arguments]
        done = CliRunner().invoke(app, command)
        assert done.exit_code == code, done.output
        return done

    return run


@pytest.fixture
def export(tmp_path: pathlib.Path) -> str:
    """An account's export: one playlist with a known and an unknown track and a local file."""
    tracks = [{"track": {"trackUri": uri(0)}}, {"track": {"trackUri": UNKNOWN}}]
    local = {"track": None, "localTrack": {"uri": "spotify:local:x"}}
    path = tmp_path / "Playlist1.json"
    path.write_text(json.dumps({"playlists": [{"name": "mine", "items": [*tracks, local]}]}))
    return str(path)


def test_every_form_says_how_many_seeds_are_known(query: Query, export: str) -> None:
    table = query("--file", export)
    assert '"mine" with 2 tracks, 1 of 2 seeds known by the model' in " ".join(table.stdout.split())
    assert "left out 1 local file" in table.stderr
    (answer,) = json.loads(query("--file", export, "--format", "json").stdout)
    assert (answer["seeds"], answer["seeds_known"], answer["basis"]) == (2, 1, "tracks")
    rows = [*csv.DictReader(io.StringIO(query("--file", export, "--format", "csv").stdout))]
    assert [row["track_uri"] for row in rows] == [uri(1), uri(2)]
    assert {(row["seeds"], row["seeds_known"], row["basis"]) for row in rows} == {
        ("2", "1", "tracks")
    }
    (told,) = json.loads(query("--file", export, "--json").stdout)["answers"]
    assert (told["seeds"], told["seeds_known"], told["basis"]) == (2, 1, "tracks")
    assert told["comparable"] is False


def test_a_name_takes_the_place_of_the_files(query: Query, export: str) -> None:
    (answer,) = json.loads(query("--file", export, "--name", "road", "--format", "json").stdout)
    assert answer["playlist"]["name"] == "road"


@pytest.mark.parametrize(
    ("name", "basis", "comparable"), [("reverse", "title", False), ("", "popularity", True)]
)
def test_seeds_that_the_model_does_not_know_are_told(
    query: Query, name: str, basis: str, comparable: bool
) -> None:
    done = query("--track", UNKNOWN, "--name", name, "--format", "json")
    (answer,) = json.loads(done.stdout)
    assert (answer["seeds_known"], answer["basis"]) == (0, basis)
    assert answer["comparable"] is comparable
    rest = "the title alone" if name else "what is popular"
    assert f"The model knows none of the 1 tracks of '{name}'" in done.stderr
    assert f"the answer rests on {rest}" in " ".join(done.stderr.split())


def test_links_are_taken(query: Query) -> None:
    link = uri(0).replace("spotify:track:", "https://open.spotify.com/intl-de/track/") + "?si=x"
    (answer,) = json.loads(query("--track", link, "--format", "json").stdout)
    assert answer["playlist"]["track_uris"] == [uri(0)]


def test_a_listener_is_told_by_streams(query: Query) -> None:
    """The toy goes on from the last stream by time; what was heard or excluded is left out."""
    late = ("--played", f"{uri(4)}@2017-11-14T08:30:00Z", "--played", f"{uri(0)}@1510000000")
    (answer,) = json.loads(query(*late, "--format", "json").stdout)
    assert answer["playlist"]["track_uris"] == [uri(4), uri(0)]
    found = [each["track_uri"] for each in answer["recommendations"]]
    assert not {uri(4), uri(0)} & set(found)
    without = query(*late, "--exclude", found[0], "--format", "json").stdout
    assert found[0] not in [each["track_uri"] for each in json.loads(without)[0]["recommendations"]]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--played", uri(0), "--track", uri(1)], "give no --track, --name or --file beside it"),
        (["--exclude", uri(0)], "give no --track, --name or --file beside it"),
        (["--played", f"{uri(0)}@yesterday"], "'yesterday' is no time of a stream"),
        (["--played", f"{uri(0)}@0"], "'0' is no time of a stream"),
        (["--played", "a song"], "is not a track"),
        (["--version", "1", "--label", "stable"], "give --version or --label, not both"),
        (["--version", "99999999999999999999"], "--version"),
        (["--timeout", "inf"], "--timeout"),
        (["--timeout", "nan"], "--timeout"),
        (["--timeout", "1e300"], "--timeout"),
        (["--target", "http://127.0.0.1:8500"], "without http://"),
        (["--file", "empty.json"], "is empty"),
        (["--file", "words.txt"], "is in none of the formats that are read. Read are:"),
        (["--file", "deep.json"], "nested too deeply"),
        (["--file", "."], "Is a directory"),
    ],
)
def test_bad_usage_is_a_sentence(
    query: Query,
    arguments: list[str],
    says: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    pathlib.Path("empty.json").touch()
    pathlib.Path("words.txt").write_text("no track\n")
    pathlib.Path("deep.json").write_text("[" * 200_000 + "]" * 200_000)
    done = query(*arguments, code=2)
    assert says in " ".join(done.output.replace("│", " ").split())
    assert done.stdout == ""
