"""A directory that is written whole, and commands that are killed while they put it in place."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys

import pytest

from listening.held_out import MANIFEST, written_whole

_KILLED = """
import os, signal, sys
from listening.held_out import output

out, number, after = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "after"
rename, calls = os.rename, []

def killed(source, target):
    calls.append(source)
    if len(calls) == number and not after:
        os.kill(os.getpid(), signal.SIGKILL)
    rename(source, target)
    if len(calls) == number:
        os.kill(os.getpid(), signal.SIGKILL)

os.rename = killed
with output.written_whole(out, "test") as folder:
    for name in (output.MANIFEST, "slice"):
        with open(os.path.join(folder, name), "w") as file:
            file.write("new")
"""


def write(out: pathlib.Path, content: str) -> None:
    with written_whole(str(out), "test") as folder:
        for name in (MANIFEST, "slice"):
            pathlib.Path(folder, name).write_text(content)


def contents(out: pathlib.Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in out.iterdir() if path.name != ".lock"}


@pytest.mark.parametrize(
    ("number", "moment", "there"),
    [(1, "before", "old"), (1, "after", None), (2, "before", None), (2, "after", "new")],
)
def test_a_kill_loses_nothing_that_was_there(
    number: int, moment: str, there: str | None, tmp_path: pathlib.Path
) -> None:
    out = tmp_path / "out"
    write(out, "old")
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(out), str(number), moment], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert (contents(out)["slice"] if out.exists() else None) == there
    # The next command fails, and what was there last is there again.
    with pytest.raises(RuntimeError, match="broken"), written_whole(str(out), "test"):
        raise RuntimeError("broken")
    kept = there or "old"
    assert contents(out) == {MANIFEST: kept, "slice": kept}
    write(out, "newest")
    assert contents(out) == {MANIFEST: "newest", "slice": "newest"}
    assert os.listdir(tmp_path) == ["out"]


def test_a_rename_that_fails_leaves_what_was_there(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, rename = tmp_path / "out", os.rename
    write(out, "old")

    def failing(source: str, target: str) -> None:
        if ".partial-" in source:
            raise OSError("no space")
        rename(source, target)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(OSError, match="no space"):
        write(out, "new")
    assert contents(out) == {MANIFEST: "old", "slice": "old"}
    assert os.listdir(tmp_path) == ["out"]
