"""`~` in the options of every command."""

from __future__ import annotations

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
