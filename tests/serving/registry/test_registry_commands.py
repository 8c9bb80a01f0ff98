"""`segue registry`: what its commands do, their lines and their exit codes."""

from __future__ import annotations

import json
import pathlib
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from serving.registry import describe, keep
from serving.release import ReleaseManager, read_releases
from serving.server import ModelServer
from tests.serving.registry import pushed


def run(*arguments: object, code: int = 0) -> dict[str, Any]:
    """The status of a command."""
    line = ["registry", *map(str, arguments), "--json"]
    done = CliRunner().invoke(app, line)
    assert done.exit_code == code, done.output
    found = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    assert bool(found["error"]) is bool(code)
    return found


@pytest.fixture
def out(tmp_path: pathlib.Path) -> pathlib.Path:
    """An output directory with versions 1 and 2, and the report of the run that pushed 2."""
    made = tmp_path / "out"
    for version in (1, 2):
        pushed.push(made / "serving" / "segue", version)
    pushed.report(made, 2)
    return made


@pytest.fixture
def place(out: pathlib.Path) -> list[str]:
    return ["--model-base", str(out / "serving" / "segue")]


def version_dir(out: pathlib.Path, version: int) -> pathlib.Path:
    return out / "serving" / "segue" / str(version)


def test_a_version_from_its_registration_to_its_rollback(
    out: pathlib.Path, place: list[str]
) -> None:
    said = run("current", *place)
    assert (said["status"], said["unregistered"], said["served"]) == ("empty", [1, 2], 2)
    said = run("register", version_dir(out, 1))
    assert (said["status"], said["model"]) == ("ok", "segue")
    assert said["registry"] == str(out / "serving" / "registry")
    assert said["version"]["metrics"] == {}
    said = run("register", version_dir(out, 2), "--alias", "challenger")
    assert (said["status"], said["version"]["aliases"]) == ("ok", ["challenger"])
    assert said["version"]["metrics"] == {"ndcg": 0.25, "clicks": None}
    assert said["version"]["lineage"]["gate"] == "blessed"
    assert run("register", version_dir(out, 2), "--alias", "challenger")["status"] == "unchanged"
    said = run("promote", 1, *place)
    assert (said["status"], said["former"], said["label"]) == ("ok", None, None)
    said = run("promote", "--reason", "it won", "--expected", 1, *place)
    assert (said["version"]["serving_version"], said["former"]) == (2, 1)
    assert said["version"]["aliases"] == ["challenger", "champion"]
    assert run("promote", 2, *place)["status"] == "unchanged"
    said = run("current", *place)
    assert (said["status"], said["champion"]["serving_version"]) == ("ok", 2)
    assert (said["challenger"]["serving_version"], said["differences"]) == (2, [])
    said = run("rollback", "--reason", "fewer clicks", *place)
    assert (said["version"]["serving_version"], said["former"]) == (1, 2)
    said = run("history", *place)
    assert [each["serving_version"] for each in said["versions"]] == [1, 2]
    assert [(each["action"], each["version"], each["reason"]) for each in said["moves"]] == [
        ("register", 2, ""),
        ("promote", 1, ""),
        ("promote", 2, "it won"),
        ("rollback", 1, "fewer clicks"),
    ]
    said = run("current", *place)
    assert said["status"] == "differs"
    assert "take the newest, version 2, not the champion, version 1" in said["differences"][0]


def test_what_is_refused_says_why(out: pathlib.Path, place: list[str]) -> None:
    run("register", version_dir(out, 1))
    run("register", version_dir(out, 2))
    said = run("promote", *place, code=2)
    assert said["error"] == "there is no challenger to promote: name a version"
    said = run("promote", 3, *place, code=1)
    assert "version 3 of segue is not registered" in said["error"]
    said = run("promote", 1, "--expected", 2, *place, code=1)
    assert "champion is on no version, not on version 2: somebody has moved it" in said["error"]
    said = run("promote", 1, "--expected", "two", *place, code=2)
    assert "'two' is no version; give its number, or none" in said["error"]
    said = run("promote", 1, "--alias", "stable", *place, code=2)
    assert "there is no alias 'stable'; choose from champion, challenger" in said["error"]
    said = run("rollback", *place, code=2)
    assert said["error"] == "champion is on no version, and cannot go back"
    assert run("promote", 1, "--expected", "none", *place)["status"] == "ok"
    said = run("rollback", *place, code=1)
    assert said["error"] == "champion was on no version before version 1"
    said = run("register", out, code=2)
    assert "is no version" in said["error"]
    said = run("register", version_dir(out, 1), "--report", out / "report", code=2)
    assert "is of a run that pushed 2, not version 1" in said["error"]
    said = run("current", "--registry", "http://127.0.0.1:5000", code=2)
    assert "a registry is a local directory, mlflow+http://HOST:PORT" in said["error"]
    said = run("current", "--segment", "New", code=2)
    assert "'New' names no segment" in said["error"]
    assert [each["version"] for each in run("history", *place)["moves"]] == [1]


def test_a_version_that_is_gone_is_not_promoted(out: pathlib.Path, place: list[str]) -> None:
    for version in (1, 2):
        run("register", version_dir(out, version))
    run("promote", 1, *place)
    run("promote", 2, *place)
    shutil.rmtree(version_dir(out, 1))
    for action in (["promote", 1], ["rollback"]):
        said = run(*action, *place, code=1)
        assert "version 1 is gone from the destination, so that" in said["error"]
    assert len(run("history", *place)["moves"]) == 2


def test_segments_have_models_of_their_own(out: pathlib.Path, place: list[str]) -> None:
    segment = ["--segment", "new_users"]
    said = run("register", version_dir(out, 1), "--alias", "champion", *segment)
    assert said["model"] == "segue-new_users"
    assert run("current", *place)["status"] == "empty"
    assert run("current", *place, *segment)["champion"]["serving_version"] == 1


def test_what_waited_is_made_up(out: pathlib.Path, place: list[str]) -> None:
    assert run("sync", *place)["status"] == "unchanged"
    given = describe(str(version_dir(out, 2)), "segue", report=str(out / "report"))
    keep(str(out / "serving" / "unregistered"), given, "challenger", "it was down")
    assert run("current", *place)["waiting"] == [2]
    said = run("sync", *place)
    assert said["status"] == "ok"
    assert said["versions"] == [{"version": 2, "registered": True, "problem": ""}]
    said = run("current", *place)
    assert (said["waiting"], said["challenger"]["serving_version"]) == ([], 2)
    assert said["unregistered"] == [1]
    said = run("sync", "--all", *place)
    assert said["versions"] == [{"version": 1, "registered": True, "problem": ""}]
    assert run("sync", "--all", *place)["status"] == "unchanged"
    given = given.model_copy(update={"content": "f" * 64})
    keep(str(out / "serving" / "unregistered"), given, "challenger", "it was down")
    said = run("sync", *place, code=1)
    assert said["error"] == "1 of 1 versions were not registered"
    assert "with another content" in said["versions"][0]["problem"]


def test_a_registry_that_is_down(out: pathlib.Path, place: list[str]) -> None:
    run("register", version_dir(out, 1))
    (out / "serving" / "registry" / "segue" / "registry.json").write_text("{")
    for action in (
        ["register", version_dir(out, 2)],
        *([name, *place] for name in ("current", "history", "rollback")),
        ["promote", 1, *place],
    ):
        assert "is not a registry's record" in run(*action, code=1)["error"]


class Served:
    """A server on which version 1 is stable, and the champion."""

    def __init__(self, target: str, base: pathlib.Path) -> None:
        self.target, self.base = target, base
        self.config = base.parent / "models.config"
        self.options = ["--target", target, "--model-base", base]
        self.options += ["--model-config-file", self.config]

    def labels(self) -> dict[str, int]:
        releases = read_releases(self.base.parent / "releases.json", "segue")
        return dict(releases[-1].labels)

    def aliases(self) -> dict[str, int | None]:
        said = run("current", "--model-base", self.base)
        return {
            alias: said[alias] and said[alias]["serving_version"]
            for alias in ("champion", "challenger")
        }


@pytest.fixture
def served(
    start: Callable[..., ModelServer], push: Callable[[int], pathlib.Path], base: pathlib.Path
) -> Served:
    for version in (1, 2):
        push(version)
    made = Served(start(base).target, base)
    for version in (1, 2):
        run("register", base / str(version))
    run("promote", 1, *made.options)
    return made


def test_the_label_follows_the_alias(served: Served) -> None:
    assert served.labels() == {"stable": 1}
    said = run("promote", 2, "--alias", "challenger", *served.options)
    assert said["label"] == "canary"
    assert served.labels() == {"stable": 1, "canary": 2}
    said = run("promote", *served.options)
    assert (said["label"], said["former"]) == ("stable", 1)
    assert served.labels() == {"stable": 2}
    assert run("current", "--model-base", served.base)["status"] == "ok"
    run("rollback", *served.options)
    assert served.labels() == {"stable": 1}
    actions = [each.action for each in read_releases(served.base.parent / "releases.json", "segue")]
    assert actions == ["promote", "canary", "promote", "rollback"]
    assert served.aliases() == {"champion": 1, "challenger": 2}
    assert run("current", "--model-base", served.base)["differences"] == []


def test_an_alias_whose_label_stays_goes_back(served: Served) -> None:
    (served.base / "2" / "variables" / "variables.index").unlink()
    served_by = [str(part) for part in served.options]
    run("promote", 2, *served_by, code=1)  # it is another model by now
    assert served.aliases()["champion"] == 1
    said = run("promote", 1, "--target", "127.0.0.1:1", *served_by[2:], code=0)
    assert said["status"] == "ok"  # alias and label are there, and no server is asked


def test_a_server_that_is_away(served: Served) -> None:
    options = ["--target", "127.0.0.1:1", *served.options[2:]]
    run("promote", 2, *options, code=1)
    assert served.aliases()["champion"] == 1
    assert served.labels() == {"stable": 1}
    said = run("history", "--model-base", served.base)
    assert [(each["version"], each["reason"]) for each in said["moves"]] == [
        (1, ""),
        (2, ""),
        (1, "the label could not be moved"),
    ]


def test_a_promotion_that_was_cut_short_is_ended_by_the_same_command(served: Served) -> None:
    run("promote", 2, "--model-base", served.base)  # the alias, and nothing else
    said = run("current", "--model-base", served.base)
    assert said["status"] == "differs"
    assert "`segue release promote 2` moves the label" in said["differences"][0]
    run("promote", 2, *served.options)
    assert served.labels() == {"stable": 2}
    assert len(run("history", "--model-base", served.base)["moves"]) == 2


def test_a_release_behind_its_back_is_told(served: Served) -> None:
    with ReleaseManager(served.target, served.base, served.config, settle_seconds=0.2) as manager:
        manager.promote(2)
    said = run("current", "--model-base", served.base)
    assert said["status"] == "differs"
    assert "the label stable is on version 2" in said["differences"][0]
