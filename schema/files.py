"""How every file is put in place: whole, and as what stands there wants it."""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib
import shutil
import stat
import sys
import tempfile
import uuid
from collections.abc import Iterator
from typing import Final

#: What names standard output where a command takes a file to write.
STANDARD_OUTPUT: Final = "-"
# Names of open files: what they lead to is in use, and is written to.
_OPEN_FILES: Final = ("/dev/", "/proc/")


def check_writable(path: str | os.PathLike[str]) -> None:
    """Refuses at once what `replacing` would refuse in the end.

    Args:
        path: a local file, there or not.

    Raises:
        OSError: it is a directory, or may not be written.
    """
    found = _stat(path)
    if found is None:
        directory = _real(path).parent
        while not directory.exists() and directory != directory.parent:
            directory = directory.parent
        if not directory.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(directory))
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "no file may be made in it", str(directory))
    elif stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    elif not found.st_mode & 0o222 or not os.access(path, os.W_OK):
        # Root gets the error too: the file was made read-only for a reason.
        raise PermissionError(errno.EACCES, "it is read-only", os.fspath(path))


def check_directory(path: str | os.PathLike[str]) -> None:
    """Refuses at once a directory that could not be made, or not be written to.

    Args:
        path: local, there or not.

    Raises:
        OSError: it is no directory, or it or the one where it would be made may not be written.
    """
    if not os.path.isdir(path):
        if os.path.lexists(path):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), os.fspath(path))
        check_writable(path)
    elif not os.access(path, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "no file may be made in it", os.fspath(path))


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[pathlib.Path]:
    """Gives a path to write to, whose content gets to `path` when the block ends well.

    Readers see the old file or the new one, never a part; a block that fails leaves the old file.
    What stands at `path` decides how: a file keeps its mode and owner, a link stays and what it
    leads to is replaced, and a pipe, a device or a file of several names is written to.

    Args:
        path: a local file; its directory is made where it is missing.

    Yields:
        A new, empty file with the same suffixes.

    Raises:
        OSError: it is a directory, or may not be written.
    """
    check_writable(path)
    found, target = _stat(path), _real(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    suffix = "".join(pathlib.Path(path).suffixes)
    partial = None if _is_written_to(path, found) else _beside(target, suffix, found)
    if partial is None:
        with _copied_to(path) as file:
            yield file
        return
    try:
        yield partial
        partial.replace(target)
    except OSError as error:
        # Of a full disk the system says no more than that it is full.
        if error.errno is not None and error.filename is None:
            error.filename = os.fspath(path)
        raise
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_or_stdout(path: str) -> Iterator[str]:
    """As `replacing`, where "-" is standard output."""
    if path == STANDARD_OUTPUT:
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "output")
            yield str(file)
            sys.stdout.flush()
            with file.open("rb") as content:
                shutil.copyfileobj(content, sys.stdout.buffer)
            sys.stdout.flush()
    else:
        with replacing(path) as partial:
            yield str(partial)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes a text file in UTF-8, whole or not at all; see `replacing`."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def _stat(path: str | os.PathLike[str]) -> os.stat_result | None:
    """What stands at the end of a path's links, None for nothing."""
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _real(path: str | os.PathLike[str]) -> pathlib.Path:
    return pathlib.Path(os.path.realpath(path))


def _is_written_to(path: str | os.PathLike[str], found: os.stat_result | None) -> bool:
    if found is None:
        return False
    named = os.path.abspath(path).startswith(_OPEN_FILES) or str(_real(path)).startswith(
        _OPEN_FILES
    )
    return named or not stat.S_ISREG(found.st_mode) or found.st_nlink > 1


def _beside(target: pathlib.Path, suffix: str, found: os.stat_result | None) -> pathlib.Path | None:
    """An empty file beside the target with its mode and owner; None where one cannot be made."""
    partial = target.with_name(f".partial-{uuid.uuid4().hex}{suffix}")
    try:
        partial.touch(exist_ok=False)
    except PermissionError:
        if found is None:
            raise
        return None
    try:
        if found is not None:
            made = partial.stat()
            if (made.st_uid, made.st_gid) != (found.st_uid, found.st_gid):
                os.chown(partial, found.st_uid, found.st_gid)
            partial.chmod(stat.S_IMODE(found.st_mode))
    except PermissionError:
        partial.unlink()
        return None
    return partial


@contextlib.contextmanager
def _copied_to(path: str | os.PathLike[str]) -> Iterator[pathlib.Path]:
    """A temporary file whose content is written to the path."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, os.path.basename(path))
        file.touch()
        yield file
        with file.open("rb") as content, open(path, "wb") as stream:
            shutil.copyfileobj(content, stream)
