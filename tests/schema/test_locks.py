"""One command at a time, and who holds the lock."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

from schema import locks


def test_second_holder_is_told_of_the_first(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "new" / "x.lock"
    assert locks.holder(path) is None
    with locks.held(path, "segue release promote"):
        first = rf"process {os.getpid()} on .* \(segue release promote, since 20.*\)"
        with (
            pytest.raises(locks.LockedError, match=rf"x.lock is held by {first}; waited 0 s"),
            locks.held(path, "second", wait_seconds=0),
        ):
            pass
        held_by = locks.holder(path)
        assert held_by is not None
        assert held_by.startswith(f"process {os.getpid()} on ")
    assert locks.holder(path) is None
    with locks.held(path, "third", wait_seconds=0):
        pass


def test_lock_of_a_killed_process_is_free(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x.lock"
    program = (
        "import os; from schema import locks\n"
        f"with locks.held({str(path)!r}, 'killed'): os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    assert "killed" in path.read_text()
    assert locks.holder(path) is None
    with locks.held(path, "next", wait_seconds=0):
        assert "next" in path.read_text()


def test_holder_that_cannot_be_named(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with locks.held(tmp_path / "x.lock", "first"):
        assert locks.holder(tmp_path / "x.lock") == "another process"
