"""`segue recommend --listeners`: from a small model and features to the lists of a day."""

from __future__ import annotations

import datetime
import json
import pathlib
import shutil
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from typer.testing import CliRunner

from listening import recommending
from models.conformance import export, fit
from models.families import family
from pipeline.cli.main import app
from schema.tables import AUDIENCE
from tests.listening.recommending.making import CUT, artist, listener, put, table, uri
from tests.serving import toy_model

#: Of the conformance suite's models; by eight artists, the last tracks came out lately.
TRACKS = 640
OUT = datetime.date(2024, 3, 12)
HEARD = {1: range(12), 2: range(3, 40, 3), 4: [TRACKS + 5]}


def segue(*arguments: object, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    assert done.exit_code == code, done.output
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("world")
    fitted = fit(family("als"), str(folder / "work"))
    export(fitted, str(folder / "als"))
    (folder / "segue").mkdir()
    shutil.copytree(folder / "als" / "many", folder / "segue" / "10")
    toy_model.save(folder / "toy")
    toy_model.push(folder / "toy", folder / "casual", 3)
    rows = [
        {
            "artist_uri": artist(number % 80),
            "artist_name": f"Artist {number % 80}",
            "explicit": number % 5 == 0,
            "release_date": OUT if number >= TRACKS - 80 else None,
        }
        for number in range(TRACKS)
    ]
    pq.write_table(table(rows), folder / "tracks.parquet")
    history = [
        {
            "listener_id": listener(number),
            "seed_uris": [uri(track) for track in tracks],
            "seed_times": [CUT - datetime.timedelta(hours=1 + track) for track in tracks],
            "top_artists": [artist(track % 80) for track in tracks],
        }
        for number, tracks in HEARD.items()
    ]
    heard = [
        {
            "listener_id": listener(number),
            "track_uris": list(map(uri, tracks)),
            "streams": [1] * len(tracks),
        }
        for number, tracks in HEARD.items()
    ]
    ties = {"neighbours": [listener(2)], "similarities": [0.5], "followed_artists": [artist(70)]}
    of = {1: "casual", 2: "power", 4: "casual"}
    segments = [{"listener_id": listener(n), "segment": name} for n, name in of.items()]
    features = folder / "features"
    put(features, "listening_history", history)
    put(features, "heard", heard)
    put(features, "social_graph", [{"listener_id": listener(1), **ties}])
    put(features, "segments", segments)
    audience: list[dict[str, Any]] = [
        {"listener_id": listener(4)},
        {"listener_id": listener(3), "explicit": False, "blocked_artists": [artist(1)]},
        {"listener_id": listener(2), "market": "DE", "blocked_tracks": [uri(7)]},
        {"listener_id": listener(1)},
        {"listener_id": listener(2)},
        {"listener_id": listener(5), "market": "FR"},
        {"listener_id": "nobody"},
    ]
    pq.write_table(pa.Table.from_pylist(audience, AUDIENCE), folder / "listeners.parquet")
    return folder


def asked(world: pathlib.Path, root: pathlib.Path, *more: object) -> tuple[object, ...]:
    given = ("--listeners", world / "listeners.parquet", "--features", world / "features")
    given = (*given, "--tracks", world / "tracks.parquet")
    return ("recommend", *given, "--policy", root / "configs" / "policies", *more)


def lists(out: pathlib.Path) -> dict[tuple[int, str], dict[str, Any]]:
    _, found = recommending.read(str(out))
    return {(int(row["listener_id"], 16), row["surface"]): row for row in found.to_pylist()}


def numbers(row: dict[str, Any]) -> list[int]:
    return [int(text.rpartition(":")[2]) for text in row["track_uris"]]


@pytest.fixture(scope="module")
def first(world: pathlib.Path, root: pathlib.Path) -> dict[str, Any]:
    """What the first command said, which published to `world`/first."""
    return segue(*asked(world, root, "--model", world / "segue", "--out", world / "first"))


def test_everybody_is_answered_or_set_aside(world: pathlib.Path, first: dict[str, Any]) -> None:
    told = first
    assert (told["read"], told["written"]) == (7, 4)
    assert told["set_aside"] == {"not_a_pseudonym": 1, "nothing_left": 1, "repeated": 1}
    assert told["lists"] == {"discover": 4, "home": 4, "new_releases": 1}
    assert told["empty"] == {"discover": 1, "home": 1, "new_releases": 4}
    assert told["answered"] == {"10": 5}
    found = lists(world / "first")
    assert list(found) == sorted(found)
    for (who, surface), row in found.items():
        tracks = numbers(row)
        assert len(set(tracks)) == len(tracks) == len(row["reasons"]) == len(row["shelves"])
        assert not set(tracks) & set(HEARD.get(who, ()))
        by = [track % 80 for track in tracks]
        limit = {"discover": 2, "new_releases": 3, "home": 4}[surface]
        assert max(by.count(each) for each in by) <= limit
        assert (row["day"], row["model_version"]) == (CUT.date(), "10")
        assert row["propensities"] is None
    assert not any(track % 5 == 0 or track % 80 == 1 for track in numbers(found[3, "discover"]))
    assert 7 not in numbers(found[2, "discover"]) + numbers(found[2, "home"])
    assert len(found[1, "discover"]["track_uris"]) == 30
    assert found[1, "discover"]["reasons"][0].startswith("near “Track ")
    # Nobody knows what the others like: they get what is popular, as far as policies let them.
    assert set(found[3, "home"]["shelves"]) == {"Popular now"}
    assert set(found[4, "discover"]["reasons"]) <= {"popular", "popular with listeners like you"}
    # Track 630 is by artist 70, whom 1 follows; 2, whom 1 follows, plays artists 3, 6, ... 39.
    new = numbers(found[1, "new_releases"])
    assert new[0] == 630
    assert {track % 80 for track in new[1:]} <= set(range(3, 40, 3))
    assert all(track >= TRACKS - 80 for track in new)


def test_the_day_is_replaced_and_shown(
    world: pathlib.Path, root: pathlib.Path, first: dict[str, Any], tmp_path: pathlib.Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(world / "first", out)
    (tmp_path / "blocked.txt").write_text("".join(f"{artist(n)}\n" for n in range(40)))
    command = asked(world, root, "--model", world / "segue", "--out", out)
    again = segue(*command)["day"]
    assert (first["day"]["changed"], again["changed"], again["version"]) == (True, False, 1)
    blocked = ("--blocklist", tmp_path / "blocked.txt", "--day", "2024-03-20", "--workers", 2)
    other = segue(*command, *blocked)["day"]
    assert (other["changed"], other["version"]) == (True, 2)
    assert all(n % 80 >= 40 for row in lists(out).values() for n in numbers(row))
    (day,) = segue("recommend", "show", "--out", out)["days"]
    assert (day["day"], day["lists"], day["models"]) == ("2024-03-20", other["lists"], ["10"])
    assert day["age_hours"] > 0


def test_segments_have_models_of_their_own(
    world: pathlib.Path, root: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    casual = ("--models", f"casual={world / 'casual'}", "--out", tmp_path)
    told = segue(*asked(world, root, *casual, "--model", world / "segue"))
    assert told["answered"] == {"10": 3, "casual/3": 2}
    # The small model knows eight tracks, all of which 1 has heard: the rest is popular.
    assert lists(tmp_path)[1, "discover"]["model_version"] == "casual/3"
    told = segue(*asked(world, root, *casual, "--models", f"ghosts={world / 'segue'}"))
    assert told["answered"] == {"casual/3": 5}
    assert told["notes"][-1] == "nobody is in the segment ghosts"


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        ((), 2, "say who answers: --model DIR, or --models SEGMENT=DIR"),
        (("--models", "casual"), 2, "--models: casual is not of the form SEGMENT=DIR"),
        (("--models", "a=x", "--models", "a=y"), 2, "--models: a stands twice"),
        (("--model", "nowhere"), 1, "No model in nowhere"),
        (("--challenge", "x.json"), 2, "give either --challenge or --listeners"),
        (("--model", "x", "--policy", "pyproject.toml"), 2, "pyproject.toml is no YAML"),
        (("--model", "x", "--blocklist", "README.md"), 1, "README.md: line 3"),
        (("--day", "2020-01-01", "--model", "{world}/segue"), 1, "holds no listening_history from"),
        (("--model", "{world}/segue", "--tracks", "{world}/listeners.parquet"), 1, "track_uri"),
        (("--model", "{world}/segue", "--listeners", "{world}/toy"), 1, "is no table of listeners"),
    ],
)
def test_errors_are_sentences(
    more: tuple[str, ...],
    code: int,
    says: str,
    world: pathlib.Path,
    root: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(root)
    given = [each.format(world=world) for each in more]
    told = segue(*asked(world, root, "--out", tmp_path), *given, code=code)
    assert told["status"] == ("invalid" if code == 2 else "failed")
    assert says in told["error"]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("day=")]


def test_errors_of_other_processes_are_sentences(
    world: pathlib.Path, root: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    damaged = tmp_path / "damaged" / "10"
    shutil.copytree(world / "segue" / "10", damaged)
    (variables,) = damaged.glob("variables/*.index")
    variables.write_bytes(b"damaged" * 20)
    # What only the processes find out: it is whole, and can be loaded.
    tf.saved_model.save(tf.Module(), str(tmp_path / "other" / "3"))
    (tmp_path / "out").mkdir()
    command = asked(world, root, "--out", tmp_path / "out", "--workers", 2)
    for given, says in (
        (("--model", world / "segue", "--tracks", world / "listeners.parquet"), "track_uri: the"),
        (("--model", world / "segue", "--tracks", root / "README.md"), "README.md is no table"),
        (("--model", damaged), f"{damaged} is not a whole model: "),
        (("--model", tmp_path / "other"), "other/3 is not a model of Segue's"),
    ):
        told = segue(*command, *given, code=1)
        assert told["status"] == "failed"
        assert says in told["error"]
        assert "Traceback" not in told["error"]
        assert len(told["error"].splitlines()) == 1
    assert not list((tmp_path / "out").glob("day=*"))


def test_what_belongs_together(tmp_path: pathlib.Path) -> None:
    assert "give either" in segue("recommend", code=2)["error"]
    found = segue("recommend", "--challenge", "x.json", code=2)
    assert found["error"] == "--challenge needs --model and --output"
    found = segue("recommend", "--listeners", "x", "--model", "y", code=2)
    assert found["error"].startswith("--listeners needs --tracks")
    assert segue("recommend", "show", "--out", tmp_path)["days"] == []
