"""Files are put in place whole or not at all, as what stands there wants it."""

from __future__ import annotations

import os
import pathlib
import stat
import threading

import pytest

from schema import files


def test_a_file_takes_the_place_of_the_old_one(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "new" / "a.csv.gz"
    files.write_text(path, "old")
    before = path.stat().st_ino
    with files.replacing(path) as partial:
        assert (partial.parent, partial.suffixes) == (path.parent, [".csv", ".gz"])
        partial.write_text("Ü", encoding="utf-8")
        assert path.read_text() == "old"
    assert path.read_bytes() == "Ü".encode()
    assert path.stat().st_ino != before  # who reads the old one goes on doing so
    assert [entry.name for entry in path.parent.iterdir()] == ["a.csv.gz"]


def test_a_new_file_has_the_mode_that_the_user_wants(tmp_path: pathlib.Path) -> None:
    before = os.umask(0o027)
    try:
        files.write_text(tmp_path / "a", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def fail(path: pathlib.Path) -> None:
    with files.replacing(path) as partial:
        partial.write_text("half")
        raise ZeroDivisionError


def test_a_failure_leaves_the_old_file(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.txt"
    files.write_text(path, "old")
    with pytest.raises(ZeroDivisionError):
        fail(path)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o755])
def test_mode_and_owner_stay(tmp_path: pathlib.Path, mode: int) -> None:
    path = tmp_path / "a"
    path.touch()
    path.chmod(mode)
    owner = (4321, 8765) if os.geteuid() == 0 else (os.getuid(), os.getgid())
    os.chown(path, *owner)
    files.write_text(path, "x")
    found = path.stat()
    assert path.read_text() == "x"
    assert stat.S_IMODE(found.st_mode) == mode
    assert (found.st_uid, found.st_gid) == owner


def test_a_link_is_followed(tmp_path: pathlib.Path) -> None:
    (tmp_path / "real").mkdir()
    target = tmp_path / "real" / "a.txt"
    near, far = tmp_path / "near", tmp_path / "far"
    near.symlink_to("real/a.txt")
    far.symlink_to(near)
    for text in ("first, where it dangles", "then, where it does not"):
        files.write_text(far, text)
        assert target.read_text() == text
    assert near.is_symlink()
    assert far.is_symlink()


def test_a_file_of_two_names_keeps_both(tmp_path: pathlib.Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("a long text before")
    os.link(one, other)
    files.write_text(one, "short")
    assert other.read_text() == "short"
    with pytest.raises(ZeroDivisionError):
        fail(one)
    assert one.read_text() == "short"


def test_a_pipe_is_written_to(tmp_path: pathlib.Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link):
        read: list[str] = []
        reader = threading.Thread(target=lambda read=read: read.append(pipe.read_text()))
        reader.start()
        files.write_text(path, "x" * 100_000)
        reader.join(10)
        assert read == ["x" * 100_000]
        assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert link.is_symlink()


def test_an_open_file_is_written_to(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a"
    with path.open("wb") as stream:
        files.write_text(f"/proc/self/fd/{stream.fileno()}", "x")
        assert os.fstat(stream.fileno()).st_size == 1
    assert path.read_text() == "x"


def test_a_read_only_file_is_refused_by_everybody(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(0o444)
    link = tmp_path / "link"
    link.symlink_to(path)
    for name in (path, link):
        with pytest.raises(PermissionError, match="it is read-only") as caught:
            files.write_text(name, "new")
        assert caught.value.filename == str(name)
        with pytest.raises(PermissionError):
            files.check_writable(name)
    assert path.read_text() == "old"


def test_what_is_no_place_for_a_file_is_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(IsADirectoryError):
        files.write_text(tmp_path, "x")
    with pytest.raises(NotADirectoryError):
        files.write_text(tmp_path / "file" / "a", "x")
    files.check_writable(tmp_path / "new" / "and" / "newer")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_may_not_be_written(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    tmp_path.chmod(0o555)
    try:
        files.write_text(path, "new")  # the file itself may be written
        assert path.read_text() == "new"
        with pytest.raises(PermissionError, match="no file may be made in it"):
            files.check_writable(tmp_path / "b")
    finally:
        tmp_path.chmod(0o755)


def test_standard_output(tmp_path: pathlib.Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with files.replacing_or_stdout("-") as path:
        pathlib.Path(path).write_bytes(b"\xff a")
    assert capfdbinary.readouterr().out == b"\xff a"
    with files.replacing_or_stdout(str(tmp_path / "a")) as path:
        pathlib.Path(path).write_bytes(b"b")
    assert (tmp_path / "a").read_bytes() == b"b"
    assert not pathlib.Path("-").exists()
