"""`segue recommend` with the toy model: the header, and what stands where it writes."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from pipeline.cli.main import app
from tests.serving import toy_model

EXPECTED = f"7, {toy_model.uri(1)}, {toy_model.uri(2)}"


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    directory = tmp_path_factory.mktemp("toy") / "model"
    toy_model.save(directory)
    return directory


@pytest.fixture
def arguments(model: pathlib.Path, tmp_path: pathlib.Path) -> Callable[..., list[str]]:
    challenge = tmp_path / "challenge.json"
    tracks = [{"track_uri": toy_model.uri(0)}]
    challenge.write_text(json.dumps({"playlists": [{"pid": 7, "name": "x", "tracks": tracks}]}))

    def run(output: str | pathlib.Path, *more: str) -> list[str]:
        command = ["recommend", "--model", str(model), "--challenge", str(challenge)]
        return [*command, "--output", str(output), *more]

    return run


def test_team_and_address_head_the_file(
    arguments: Callable[..., list[str]], tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "s.csv"
    command = arguments(path, "--team", "The Owls", "--email", "owls@example.org")
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    head, row = path.read_text().splitlines()
    assert head == "team_info,The Owls,owls@example.org"
    assert row.startswith(EXPECTED)


def test_what_the_model_does_not_know_is_told(
    arguments: Callable[..., list[str]], tmp_path: pathlib.Path
) -> None:
    strange = {"track_uri": toy_model.uri(99)}
    local = {"track_uri": "spotify:local:a:b:c:1"}
    episode = {"track_uri": f"spotify:episode:{0:022d}"}
    playlists = [
        {"pid": 1, "tracks": [{"track_uri": toy_model.uri(0)}, strange, local, episode]},
        {"pid": 2, "name": "x", "tracks": [strange, strange]},
        {"pid": 3, "name": "x", "tracks": []},
    ]
    command = arguments(tmp_path / "s.csv", "--json")
    (tmp_path / "challenge.json").write_text(json.dumps({"playlists": playlists}))
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "  1 of 4 seeds known by the model\n" in done.output
    assert "  1 with no known seed: by their title, or by what is popular\n" in done.output
    assert "  1 left out: episodes\n  1 left out: local files\n" in done.output
    status = json.loads(done.stdout.splitlines()[-1])
    assert (status["seeds"], status["seeds_known"], status["no_seed_known"]) == (4, 1, 1)
    assert status["left_out"] == {"episodes": 1, "local_files": 1}


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--team", "a,b"], "--team: 'a,b' is empty or has a comma"),
        (["--email", "nobody"], "--email: 'nobody' is no address: expected NAME@HOST"),
    ],
)
def test_a_header_that_would_not_do(
    arguments: Callable[..., list[str]], tmp_path: pathlib.Path, more: list[str], says: str
) -> None:
    done = CliRunner().invoke(app, arguments(tmp_path / "s.csv", *more))
    assert done.exit_code == 2
    assert says in " ".join(done.output.split())


def test_a_pipe_is_written_to(arguments: Callable[..., list[str]], tmp_path: pathlib.Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    done = CliRunner().invoke(app, arguments(pipe))
    assert done.exit_code == 0, done.output
    reader.join(10)
    assert EXPECTED in read[0]
    assert pipe.is_fifo()


def test_a_read_only_file_is_refused(
    arguments: Callable[..., list[str]], tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "s.csv"
    path.write_text("mine")
    path.chmod(0o444)
    done = CliRunner().invoke(app, arguments(path))
    assert done.exit_code == 1
    assert f"Error: {path}: it is read-only" in " ".join(done.output.split())
    assert path.read_text() == "mine"


def test_standard_output_holds_the_submission_alone(
    arguments: Callable[..., list[str]], tmp_path: pathlib.Path
) -> None:
    command = [sys.executable, "-m", "pipeline.cli", *arguments("-")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    head, row = done.stdout.splitlines()
    assert head.startswith("team_info,")
    assert row.startswith(EXPECTED)
    assert "Wrote 1 playlists to -" in done.stderr
    refused = CliRunner().invoke(app, arguments("-", "--json"))
    assert refused.exit_code == 2
    assert "--json and --output - both want standard output" in " ".join(refused.output.split())


def test_a_half_copied_newest_version(
    arguments: Callable[..., list[str]], model: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    base = tmp_path / "models [old]"
    toy_model.push(model, base, 1)
    data = "variables/variables.data-00000-of-00001"
    os.truncate(toy_model.push(model, base, 2) / data, 100)
    command = [*arguments(tmp_path / "s.csv"), "--model", str(base)]
    refused = CliRunner().invoke(app, command)
    assert refused.exit_code == 1
    assert "2 is not a whole model: variables/variables.data-* is cut off" in refused.output
    assert "use version 1 beside it, which is whole, with --fall-back\n" in refused.output
    done = CliRunner().invoke(app, [*command, "--fall-back"])
    assert done.exit_code == 0, done.output
    assert f"The model is {base}/1\n" in done.output.replace("\n/1", "/1")
    assert (tmp_path / "s.csv").read_text().splitlines()[1].startswith(EXPECTED)


def test_a_model_that_tensorflow_refuses(
    arguments: Callable[..., list[str]], model: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    copy = toy_model.push(model, tmp_path / "base", 1)
    (copy / "assets" / "version.txt").write_text("no number at all\n")
    done = CliRunner().invoke(app, [*arguments(tmp_path / "s.csv"), "--model", str(copy)])
    assert done.exit_code == 1
    assert f"Error: {copy} cannot be loaded: " in done.output
    assert "Traceback" not in done.output
