"""`make setup` on machines with and without Python 3.10, made of programs that only note calls."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

import pytest

# Python of some version: it knows the two questions of setup.sh, and makes environments of itself.
PYTHON = """#!/bin/bash
echo "$(basename "$0") $*" >> "$CALLS"
case "$*" in
  *"!= (3, 10)"*) [ "$(basename "$0")" = python3.10 ] ;;
  *"< (3, 8)"*) true ;;
  --version) echo "Python of a test" ;;
  "-m venv "*)
    [ -z "$NO_VENV" ] || { echo "ensurepip is not available" >&2; exit 1; }
    mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; cp "$MADE/uv" "$3/bin/uv" ;;
  "-m pip install --quiet --require-hashes --target "*)
    [ -z "$NO_PIP" ] || { echo "No module named pip" >&2; exit 1; }
    mkdir -p "$7/bin"; cp "$MADE/uv" "$7/bin/uv" ;;
  *) true ;;
esac
"""
UV = """#!/bin/bash
echo "uv $*" >> "$CALLS"
case "$*" in
  "python install"*) [ -z "$OFFLINE" ] || { echo "dns error" >&2; exit 2; } ;;
  "python find"*) cp "$MADE/python" "$MADE/python3.10"; echo "$MADE/python3.10" ;;
esac
"""
TOOLS = (
    "bash",
    "basename",
    "cat",
    "cp",
    "cut",
    "dirname",
    "env",
    "mkdir",
    "rm",
    "sha256sum",
    "touch",
)


class Machine:
    """A project and a PATH with the programs of a test only."""

    def __init__(self, folder: pathlib.Path, root: pathlib.Path) -> None:
        self.project = folder / "a project"
        for name in ("scripts/setup.sh", "setup.py"):
            (self.project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, self.project / name)
        (self.project / "requirements").mkdir()
        for lock in ("dev.lock", "bootstrap.lock"):
            (self.project / "requirements" / lock).touch()
        self.path, self.made = folder / "bin", folder / "made"
        self.path.mkdir()
        self.made.mkdir()
        for tool in TOOLS:
            (self.path / tool).symlink_to(shutil.which(tool))
        self.script(self.made / "python", PYTHON)
        self.script(self.made / "uv", UV)

    @staticmethod
    def script(path: pathlib.Path, content: str) -> None:
        path.write_text(content)
        path.chmod(0o755)

    def has(self, name: str) -> None:
        self.script(self.path / name, PYTHON)

    def setup(self, **environment: str) -> tuple[int, str, str]:
        calls = self.project / "calls"
        calls.touch()
        done = subprocess.run(
            [shutil.which("bash"), "scripts/setup.sh"],
            cwd=self.project,
            env={
                "PATH": str(self.path),
                "HOME": str(self.project),
                "CALLS": str(calls),
                "MADE": str(self.made),
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, calls.read_text(), done.stderr

    @property
    def is_ready(self) -> bool:
        return any((self.project / ".venv").glob(".segue-*"))


@pytest.fixture
def machine(tmp_path: pathlib.Path, root: pathlib.Path) -> Machine:
    return Machine(tmp_path, root)


def test_python_310_is_taken_where_it_is(machine):
    machine.has("python3.10")
    code, calls, errors = machine.setup()
    assert code == 0, errors
    assert machine.is_ready
    assert "python install" not in calls


@pytest.mark.parametrize("without", [{}, {"NO_PIP": "1"}])
def test_another_python_fetches_it(machine, without):
    machine.has("python3")
    code, calls, errors = machine.setup(**without)
    assert code == 0, errors
    assert machine.is_ready
    assert "uv python install --no-bin 3.10" in calls
    assert ".cache/" in errors
    assert (machine.project / ".cache" / "uv" / "bin" / "uv").exists()
    # The second time there is nothing to do.
    before = len(calls)
    assert machine.setup()[:2] == (0, calls[:before])


@pytest.mark.parametrize("trouble", [{"OFFLINE": "1"}, {"NO_PIP": "1", "NO_VENV": "1"}])
def test_a_failure_names_its_reason_and_the_remedies(machine, trouble):
    machine.has("python3")
    code, _, errors = machine.setup(**trouble)
    assert code == 1
    assert not machine.is_ready
    assert "Fetching it failed" in errors
    assert "dns error" in errors or "ensurepip is not available" in errors
    for remedy in ("pyenv install 3.10", "uv python install 3.10", "PYTHON=path/to/python3.10"):
        assert remedy in errors


def test_without_any_python_the_remedies_are_named(machine):
    code, calls, errors = machine.setup()
    assert (code, calls) == (1, "")
    assert "pyenv install 3.10" in errors
    assert "etch" not in errors
