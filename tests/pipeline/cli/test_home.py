"""`~` in the options of every command."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from pipeline.cli.home import PATH_OPTIONS
from pipeline.cli.main import app


def options(command: Any) -> set[str]:
    below = getattr(command, "commands", {}).values()
    own = {name for parameter in command.params for name in parameter.opts}
    return own.union(*(options(each) for each in below))


def test_the_options_that_name_paths_are_there() -> None:
    assert options(typer.main.get_command(app)) >= PATH_OPTIONS


@pytest.mark.parametrize("written", [["--output=~/s"], ["--output", "~/s"]])
def test_a_path_begins_at_home(
    written: list[str], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["sample", "--playlists", "3", *written])
    assert done.exit_code == 0, done.output
    assert list((tmp_path / "home" / "s").iterdir())
    assert not (tmp_path / "~").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ingest", "--input=x", "--output="], "'--output': it is empty"),
        (["ingest", "--input", "", "--output", "x"], "'--input': it is empty"),
        (["run", "--data", "x", "--out", ""], "'--out': it is empty"),
        (["run", "--data", "x", "--config", ""], "'--config': it is empty"),
        (["compare", "a", "b", "--report", ""], "'--report': it is empty"),
        (["query", "--tls-ca", ""], "'--tls-ca': it is empty"),
        (["query", "--label", ""], "'--label': it is empty"),
        (["serve", "--model-base", ""], "'--model-base': it is empty"),
        (["demo", "--target", ""], "'--target': it is empty"),
        (["release", "promote", "1", "--metrics", ""], "'--metrics': it is empty"),
        (["sample", "--output=~nobody-here/x"], "~nobody-here/x is in nobody's home"),
    ],
)
def test_a_path_that_is_none_is_refused(
    arguments: list[str], says: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert says in " ".join(done.output.replace("│", " ").split())
    assert not list(tmp_path.iterdir())
    if arguments[0] not in ("serve", "gateway", "demo"):
        done = CliRunner().invoke(app, [*arguments, "--json"])
        assert says.partition(": ")[2] in json.loads(done.stdout.splitlines()[-1])["error"]
