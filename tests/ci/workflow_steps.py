"""Reads GitHub's workflows and runs the commands of a job, without GitHub."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from tests import checkout

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_BETWEEN = {"|", "||", "&&", ";"}
# What a `make` hands on to those that it starts, ARGS of the command line among it.
_OF_MAKE = {"MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "MAKELEVEL", "ARGS"}


@dataclasses.dataclass(frozen=True)
class Step:
    """A step that runs commands."""

    workflow: str
    job: str
    name: str
    script: str
    env: Mapping[str, str]
    condition: str

    def commands(self) -> list[list[str]]:
        """Its commands, each as words: without redirections, with variables as they are written."""
        found = []
        for line in self.script.splitlines():
            text = re.sub(r"\w+=\$\((.*)\)$", r"\1", line.strip())
            lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
            lexer.whitespace_split = True
            command: list[str] = []
            for word in lexer:
                if word in {">", ">>"}:
                    next(lexer)  # a file
                elif word in _BETWEEN:
                    found.append(command)
                    command = []
                else:
                    command.append(word)
            found.append(command)
        return [command for command in found if command]


def read(root: pathlib.Path) -> dict[str, dict[str, Any]]:
    """The workflows by file name."""
    return {
        path.name: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted((root / ".github" / "workflows").glob("*.yml"))
    }


def steps(root: pathlib.Path) -> Iterator[Step]:
    """Every step of every workflow, and of our own actions, that runs commands."""
    for file, workflow in read(root).items():
        for job, described in workflow["jobs"].items():
            env = {**workflow.get("env", {}), **described.get("env", {})}
            yield from _of(file, job, described.get("steps", ()), env)
    for path in sorted((root / ".github" / "actions").glob("*/action.yml")):
        described = yaml.safe_load(path.read_text(encoding="utf-8"))
        yield from _of(path.parent.name, "", described["runs"]["steps"], {})


def _of(file: str, job: str, described: Any, env: Mapping[str, str]) -> Iterator[Step]:
    for step in described:
        if "run" in step:
            yield Step(
                file,
                job,
                step.get("name", step["run"]),
                step["run"],
                {**env, **step.get("env", {})},
                str(step.get("if", "")),
            )


class Runner:
    """Runs steps in a folder that stands for a checkout.

    Args:
        root: the project.
        folder: where to work; what the project has is linked there.
        values: what stands for expressions, such as "github.token".
        instead: scripts in place of verbs of the Makefile.
    """

    def __init__(
        self,
        root: pathlib.Path,
        folder: pathlib.Path,
        values: Mapping[str, str],
        instead: Mapping[str, str],
    ) -> None:
        self.folder = checkout.linked(root, folder / "checkout")
        self.summary, self.output = folder / "summary.md", folder / "output"
        self._values = values
        bin_folder = folder / "bin"
        bin_folder.mkdir()
        cases = "".join(f"  {verb}) {script}; exit ;;\n" for verb, script in instead.items())
        # The environment is there: this is what runs the tests.
        (bin_folder / "make").write_text(
            f'#!/usr/bin/env bash\ncase "$1" in\n{cases}esac\nexec /usr/bin/make -o setup "$@"\n'
        )
        (bin_folder / "make").chmod(0o755)
        self._env = {
            # The tests may be started by `make test ARGS=...`.
            **{name: value for name, value in os.environ.items() if name not in _OF_MAKE},
            "PYTHONPATH": str(root),
            "PATH": f"{bin_folder}:{pathlib.Path(sys.prefix) / 'bin'}:{os.environ['PATH']}",
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_OUTPUT": str(self.output),
        }

    def run(self, step: Step, **env: str) -> subprocess.CompletedProcess[str]:
        """Runs a step as GitHub does where the shell is bash."""
        named = {name: self._filled(value) for name, value in step.env.items()}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", self._filled(step.script)],
            cwd=self.folder,
            env={**self._env, **named, **env},
            capture_output=True,
            text=True,
            check=False,
        )

    def _filled(self, text: Any) -> str:
        return EXPRESSION.sub(lambda found: self._values[found[1]], str(text))
