"""The steps of docs/events.md are those that `make loop` runs, and commands take them."""

from __future__ import annotations

import pathlib
import re
import shlex

from typer.main import get_command

from pipeline.cli import app


def commands(root: pathlib.Path) -> list[list[str]]:
    page = (root / "docs" / "events.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    found = [shlex.split(re.sub(r"[\[\]]", "", line), comments=True) for line in lines]
    return [words[1:] for words in found if words[:1] == ["segue"]]


def test_every_command_on_the_page_is_taken(root: pathlib.Path) -> None:
    found = commands(root)
    assert len(found) > 6
    for words in found:
        command, rest = get_command(app), words
        while hasattr(command, "commands") and rest and rest[0] in command.commands:
            command, rest = command.commands[rest[0]], rest[1:]
        command.make_context(" ".join(words), list(rest), resilient_parsing=False)


def test_the_steps_are_those_of_the_loop(root: pathlib.Path) -> None:
    steps = [" ".join(words).split(" --")[0] for words in commands(root)][:4]
    assert steps == ["sample", "events land", "events count", "events trending"]
