"""`segue release watch`: what it prints, its exit codes and its line."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks import faulty_models
from pipeline.cli import app
from serving.release import ReleaseManager
from serving.server import ModelServer
from tests.serving import toy_model

#: As fast as it goes, and no matter how long.
SETTINGS = (
    "canary.requests=400",
    "canary.warm_up=0",
    "canary.max_p50_ratio=1000",
    "canary.max_p99_ratio=1000",
    "canary.latency_slack_ms=60000",
)


class Command:
    """Runs the command against a server on which version 1 is stable."""

    def __init__(self, target: str, base: pathlib.Path, config: pathlib.Path) -> None:
        self._server = ["--target", target, "--model-base", str(base)]
        self._server += ["--model-config-file", str(config)]

    def __call__(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        line = ["release", *arguments, *self._server, "--json"]
        done = CliRunner().invoke(app, line)
        assert done.exit_code == code, done.output
        found = json.loads(done.stdout)
        assert isinstance(found, dict)
        return found

    def watch(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        settings = (part for setting in SETTINGS for part in ("--set", setting))
        return self("watch", *settings, *arguments, code=code)


@pytest.fixture
def command(
    start: Callable[..., ModelServer],
    push: Callable[[int], pathlib.Path],
    base: pathlib.Path,
    tmp_path: pathlib.Path,
) -> Command:
    push(1)
    target = start(base).target
    with ReleaseManager(target, base, tmp_path / "models.config", settle_seconds=0.2) as manager:
        manager.promote(1)
    return Command(target, base, tmp_path / "models.config")


def test_a_good_version(
    command: Command, push: Callable[[int], pathlib.Path], tmp_path: pathlib.Path
) -> None:
    push(2)
    file = tmp_path / "challenge.json"
    track = {"track_uri": toy_model.uri(3), "pos": 0}
    file.write_text(json.dumps({"playlists": [{"pid": 1, "name": "a", "tracks": [track]}]}))
    said = command.watch("2", "--dry-run", code=2)
    assert said["status"] == "invalid"
    assert "segue release promote 2 --canary" in said["error"]
    command("promote", "2", "--canary")
    said = command.watch("--dry-run", "--playlists", str(file))
    assert (said["status"], said["acted"], said["stable"]) == ("promoted", False, 1)
    said = command.watch("--playlists", str(file))
    assert (said["status"], said["acted"], said["stable"]) == ("promoted", True, 2)
    assert (said["version"], said["requests"], said["overlap"]) == (2, 400, 1.0)
    assert [check["outcome"] for check in said["checks"]] == ["kept"] * 5
    assert said["error"] is None
    assert command("status")["reason"] == "watched over 400 requests"


def test_a_version_that_fails_and_one_that_is_not_asked_enough(
    command: Command, push: Callable[[int], pathlib.Path], base: pathlib.Path
) -> None:
    faulty_models.save("nan", base.with_name("staging"))
    base.with_name("staging").rename(base / "2")
    said = command.watch("2", code=1)
    assert (said["status"], said["acted"], said["stable"]) == ("rolled_back", True, 1)
    assert said["faults"] == {"bad answer: a score that is no number": 20}
    assert "canary.max_more_errors=0.01" in said["reasons"][0]
    assert said["error"].startswith("version 2 was rolled back, version 1 stays stable: errors: ")
    assert command("status")["canary"] is None
    push(3)
    said = command.watch("3", "--set", "canary.requests=30", code=1)
    assert (said["status"], said["acted"], said["stable"]) == ("undecided", False, 1)
    assert "version 3 stays the canary" in said["error"]
    assert "--set canary.requests=N" in said["error"]
    assert command("status")["canary"] == 3


def test_bad_usage(command: Command) -> None:
    assert "there is no canary to watch" in command.watch(code=2)["error"]
    said = command.watch("--set", "canary.max_p99_ratio=0.5", code=2)
    assert "canary.max_p99_ratio" in said["error"]
    assert "nowhere.json" in command.watch("--playlists", "nowhere.json", code=2)["error"]
