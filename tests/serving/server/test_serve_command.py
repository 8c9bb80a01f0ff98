"""The blocking entry: what it says, when it ends, and with which exit code."""

from __future__ import annotations

import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from pipeline.cli.main import app
from serving.client import RecommenderClient
from serving.protocol import Playlist, model_config
from serving.server import ModelServer, ServerOptions, WatchOptions, serve
from tests.serving import toy_model
from tests.serving.serving_helpers import eventually

ROOT = pathlib.Path(__file__).parents[3]
PROGRAM = """
import sys
from serving.server import serve
from serving.server import ServerOptions
base, port = sys.argv[1:3]
sys.exit(serve(base, ServerOptions(port=int(port), monitoring_port=0)))
"""


class Server:
    """A server in a process of its own, and the lines that it says."""

    def __init__(self, *arguments: str) -> None:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self.lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def wait_for(self, text: str) -> str:
        def found() -> str | None:
            return next((line for line in self.lines if text in line), None)

        return eventually(found, seconds=120)

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)


@pytest.fixture
def run() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*arguments: str) -> Server:
        servers.append(Server(*arguments))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.process.kill()
        server.process.wait(30)


def test_waits_serves_and_ends(
    run: Callable[..., Server], saved_model: pathlib.Path, base: pathlib.Path
) -> None:
    server = run(str(base), "0")
    server.wait_for("No versions of servable segue found under base path")
    server.wait_for("Waiting for one.")

    toy_model.push(saved_model, base, 5)
    line = server.wait_for("Serving segue version 5 at 127.0.0.1:")
    names = ["serving_default", "serving_examples", "serving_listener", "track_metadata"]
    server.wait_for(f"signatures: {', '.join(names)}")
    server.wait_for("metrics: http://127.0.0.1:")
    target = line.split(" at ")[1].split(" ")[0]
    server.wait_for(f"segue query --target {target}")
    with RecommenderClient(target) as client:
        assert client.recommend(top=1)[0].track_uri == toy_model.uri(0)

    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0
    server.wait_for("Ending")
    assert not [line for line in server.lines if "Traceback" in line]


def test_a_server_that_looks_once_does_not_wait(base: pathlib.Path) -> None:
    once = ServerOptions(port=0, watch=WatchOptions(poll_seconds=0))
    (base / "x").mkdir(parents=True, exist_ok=True)
    for path, message in ((base, "holds no version, and"), (base / "none", "not found, and")):
        said = io.StringIO()
        assert serve(path, once, console=Console(file=said, width=400)) == 2
        assert f"Cannot serve: {path} {message} the server is to look once only" in said.getvalue()


@pytest.fixture(params=[signal.default_int_handler, signal.SIG_IGN], ids=["terminal", "nohup"])
def before(request: pytest.FixtureRequest) -> Iterator[Any]:
    """What SIGINT does before the server starts; in the background a shell has it ignored."""
    outside = signal.signal(signal.SIGINT, request.param)
    yield request.param
    signal.signal(signal.SIGINT, outside)


def test_ends_while_it_waits(base: pathlib.Path, before: Any) -> None:
    said = io.StringIO()

    def interrupt() -> None:
        eventually(lambda: "Waiting for one." in said.getvalue())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    assert serve(base, ServerOptions(port=0), console=Console(file=said, width=400)) == 0
    thread.join()
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ServerOptions(),
            "give the directory of a model's versions, or a model configuration file",
        ),
        (ServerOptions(config_file="none.config"), "cannot read none.config"),
    ],
)
def test_options_that_cannot_be_used(options: ServerOptions, message: str) -> None:
    said = io.StringIO()
    assert serve(options=options, console=Console(file=said, width=200)) == 2
    assert f"Cannot serve: {message}" in said.getvalue()


def test_model_that_cannot_be_loaded(base: pathlib.Path) -> None:
    (base / "1").mkdir()
    said = io.StringIO()
    code = serve(
        base,
        ServerOptions(port=0, watch=WatchOptions(max_load_retries=0)),
        console=Console(file=said, width=400),
    )
    assert code == 1
    assert (
        f"Failed to start server. {base}/1 is not a whole model: saved_model.pb is missing; "
        "copy it again\n" in said.getvalue()
    )


def test_a_broken_version_beside_a_sound_one(
    push: Callable[[int], pathlib.Path], base: pathlib.Path
) -> None:
    push(1)
    (push(2) / "variables" / "variables.index").unlink()
    said = io.StringIO()
    options = ServerOptions(port=0, watch=WatchOptions(max_load_retries=0))
    assert serve(base, options, console=Console(file=said, width=400)) == 1
    assert (
        f"{base}/2 is not a whole model: variables/variables.index is missing; copy it again, "
        "or use version 1 beside it, which is whole, with --fall-back\n" in said.getvalue()
    )


def test_a_version_is_no_base(push: Callable[[int], pathlib.Path], base: pathlib.Path) -> None:
    said = io.StringIO()
    assert serve(push(1), ServerOptions(port=0), console=Console(file=said, width=400)) == 2
    assert f"give the directory above it: {base}\n" in said.getvalue()


def test_model_config_file(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "models.config"
    path.write_text("")
    said = io.StringIO()
    assert (
        serve(options=ServerOptions(config_file=str(path)), console=Console(file=said, width=400))
        == 2
    )
    assert "names no model" in said.getvalue()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ssl-config-file", "none.txt"], "cannot read none.txt"),
        (["--enable-batching", "--batching-parameters-file", "none.txt"], "cannot read none.txt"),
        (
            ["--batching-parameters-file", "b.txt"],
            "batching_parameters_file is set without setting enable_batching to true",
        ),
    ],
)
def test_files_that_cannot_be_used(arguments: list[str], message: str) -> None:
    found = CliRunner().invoke(app, ["serve", "--model-base", "x", *arguments])
    assert found.exit_code == 2
    assert message in found.output


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `segue serve` starts a server with."""
    given: dict[str, Any] = {}

    def start(base: Any, options: ServerOptions, **more: Any) -> int:
        given.update(more, base=base, options=options)
        return 0

    monkeypatch.setattr("serving.server.serve", start)
    return given


def test_what_was_released_is_served_and_not_what_is_newer(
    push: Callable[[int], pathlib.Path], base: pathlib.Path, started: dict[str, Any]
) -> None:
    for version in (3, 5, 8):
        push(version)
    asked = ["serve", "--model-base", str(base)]
    found = CliRunner().invoke(app, asked)
    assert (found.output, started["labels"]) == ("", {})

    record = base.parent / "releases.json"
    release = {"action": "canary", "at": "2026-01-02T03:04:05+00:00", "stable": 3, "canary": 5}
    record.write_text(json.dumps({"format": 1, "model": "segue", "releases": [release]}))
    for given in (str(base), f"{base}/", os.path.relpath(base)):
        found = CliRunner().invoke(app, ["serve", "--model-base", given])
        assert found.exit_code == 0
        assert f"By the release record {record}: stable 3, canary 5" in found.output
        assert "version 8 is newer and waits for segue release promote 8" in found.output
        assert started["labels"] == {"stable": 3, "canary": 5}
        assert started["options"].allow_version_labels_for_unavailable_models
    assert CliRunner().invoke(app, [*asked, "--no-follow-releases"]).output == ""
    assert started["labels"] == {}

    record.write_text("{")
    found = CliRunner().invoke(app, asked)
    assert found.exit_code == 2
    assert f"{record} is not a record of releases" in found.output
    assert "--no-follow-releases serves the latest version" in found.output


def test_versions_with_a_label_are_served_alone(
    push: Callable[[int], pathlib.Path], base: pathlib.Path
) -> None:
    for version in (3, 5, 8):
        push(version)
    config = model_config.single_model_config("segue", base, {"stable": 3, "canary": 5})
    options = ServerOptions(port=0, allow_version_labels_for_unavailable_models=True)
    with ModelServer(config, options) as server:
        eventually(lambda: server.manager.table.loaded() == {"segue": [3, 5]})
        with RecommenderClient(server.target, label="stable") as client:
            assert client.continue_playlists([Playlist("x")])[0].model_version == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model-config-file", "x"], "give --model-base or --model-config-file, not both"),
        (["--model-config-file-poll-wait-seconds", "1"], "needs a --model-config-file"),
    ],
)
def test_options_that_would_say_nothing(
    arguments: list[str], message: str, base: pathlib.Path, started: dict[str, Any]
) -> None:
    found = CliRunner().invoke(app, ["serve", "--model-base", str(base), *arguments])
    assert (found.exit_code, started) == (2, {})
    assert message in found.output
