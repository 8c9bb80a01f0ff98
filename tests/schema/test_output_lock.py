"""One command at a time in an output directory."""

from __future__ import annotations

import errno
import fcntl
import os
import pathlib

import pytest

from schema import output_lock


def test_second_command_is_told_who_holds_the_directory(tmp_path: pathlib.Path) -> None:
    out = str(tmp_path / "new" / "out")
    with output_lock.taken(out, "segue run") as locked:
        assert locked
        holder = rf"process {os.getpid()} on .* \(segue run, since 20.*\)"
        with (
            pytest.raises(
                output_lock.InUseError, match=rf"^{out} is in use by {holder}: try again"
            ),
            output_lock.taken(out, "second"),
        ):
            pass
    with output_lock.taken(out, "third") as locked:
        assert locked


def test_file_system_without_locks_is_used_without(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with output_lock.taken(str(tmp_path), "segue run") as locked:
        assert not locked
    assert "knows no locks" in caplog.text


def test_error_of_the_block_is_its_own(tmp_path: pathlib.Path) -> None:
    with (
        pytest.raises(OSError, match="mine"),
        output_lock.taken(str(tmp_path), "segue run"),
    ):
        raise OSError(errno.ENOLCK, "mine")


def test_directory_that_cannot_be_made_is_an_error(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(NotADirectoryError),
        output_lock.taken(str(tmp_path / "file" / "out"), "segue run"),
    ):
        pass
