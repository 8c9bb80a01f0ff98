"""`segue features ...`, from landed events to partitions."""

from __future__ import annotations

import pathlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from listening.events import DirectorySource, land
from pipeline.cli.main import app
from schema.side_tables import read_side_table
from schema.status import STATUSES, CommandStatus
from schema.tables import FOLLOWS, TRACKS, conform
from tests.listening.events.making import NOW, message, write


def status(*arguments: object, code: int = 0) -> CommandStatus:
    words = [str(each) for each in arguments]
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == code, done.output
    command = " ".join(words[: 3 if words[1] == "build" and words[0] == "features" else 2])
    return STATUSES[command].model_validate_json(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("inputs")
    write(folder / "source", "a", [message(number * 60) for number in range(200)])
    land(str(folder / "events"), DirectorySource(str(folder / "source")), clock=lambda: NOW)
    tracks = pa.table(
        {
            "track_uri": [f"spotify:track:{number:022d}" for number in range(50)],
            "track_name": ["t"] * 50,
            "artist_uri": [f"spotify:artist:{number % 5:022d}" for number in range(50)],
            "artist_name": ["a"] * 50,
            "duration_ms": [1] * 50,
            "genres": [["pop"]] * 50,
        }
    )
    pq.write_table(conform(tracks, TRACKS), folder / "tracks.parquet")
    ties = pa.table({"listener_id": [f"{0:032x}"], "followed_listener": [f"{1:032x}"]})
    pq.write_table(conform(ties, FOLLOWS), folder / "follows.parquet")
    return folder


def test_from_events_to_partitions(inputs: pathlib.Path, tmp_path: pathlib.Path) -> None:
    places = ("--events", inputs / "events", "--features", tmp_path, "--as-of", "2024-03-20T13")
    tracks = ("--tracks", inputs / "tracks.parquet")
    history = status("features", "build", "listening_history", *places, *tracks)
    assert (history.status, history.counts) == ("ok", {"listeners": 7, "events": 180, "copies": 0})
    (built,) = history.partitions
    described, table = read_side_table(built.folder)
    assert (described.fingerprint, described.rows) == (built.fingerprint, built.rows)
    assert sum(table.column("plays_1d").to_pylist()) == 180
    follows = ("--follows", inputs / "follows.parquet")
    social = status("features", "build", "social_graph", *places, *tracks, *follows)
    _, table = read_side_table(social.partitions[0].folder)
    assert table.column("following").to_pylist() == [1, 0]
    found = status("features", "show", "--features", tmp_path).partitions
    assert [(each.view, each.as_of) for each in found] == [
        ("listening_history", "2024-03-20T13"),
        ("social_graph", "2024-03-20T13"),
    ]
    again = status("features", "build", "listening_history", *places, *tracks).partitions[0]
    assert (again.changed, again.fingerprint) == (False, built.fingerprint)


def test_segments_follow(inputs: pathlib.Path, tmp_path: pathlib.Path, root: pathlib.Path) -> None:
    rules = ("--rules", root / "configs" / "segments")
    found = status("segments", "build", "--features", tmp_path, *rules, code=1)
    assert found.error.endswith("segue features build listening_history writes it")
    places = ("--events", inputs / "events", "--features", tmp_path)
    status("features", "build", "listening_history", *places)
    found = status("segments", "build", "--features", tmp_path, *rules)
    assert (found.segments["new_users"], found.entered, found.earlier) == (7, 7, None)
    assert found.models["new_users"] == "explore_heavy"
    _, table = read_side_table(found.partitions[0].folder)
    assert table.column("segment").to_pylist() == ["new_users"] * 7
    found = status("segments", "build", "--features", tmp_path, "--rules", tmp_path, code=2)
    assert (found.status, "a file NAME.yaml each" in found.error) == ("invalid", True)


def test_the_cut_is_the_newest_hour_where_none_is_named(
    inputs: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    places = ("--events", inputs / "events", "--features", tmp_path)
    (built,) = status("features", "build", "listening_history", *places).partitions
    assert built.as_of == "2024-03-20T13"


def test_errors_are_sentences(inputs: pathlib.Path, tmp_path: pathlib.Path) -> None:
    build = ("features", "build", "listening_history", "--features", tmp_path, "--events")
    found = status(*build, tmp_path / "nowhere", code=1)
    assert found.error.endswith("holds no landed events: segue events land writes them")
    found = status(*build, inputs / "events", "--as-of", "2020-01-01T00", code=1)
    assert "holds no event from before 2020-01-01T00" in found.error
    pq.write_table(pa.table({"track_uri": ["x"]}), tmp_path / "none.parquet")
    found = status(*build, inputs / "events", "--tracks", tmp_path / "none.parquet", code=1)
    assert found.error == "artist_uri: the column is missing"
    found = status(*build, inputs / "events", "--as-of", "yesterday", code=2)
    assert found.status == "invalid"
    found = status("features", "show", "--view", "tastes", code=1)
    assert found.error.startswith("there is no view tastes; there are listening_history")
