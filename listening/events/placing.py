"""How landed files are put in place: written whole, brought to the disk, then renamed."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterable
from typing import Final

#: What the name of a file begins with that is not whole.
PARTIAL: Final = ".partial-"


def place(path: str, content: bytes | memoryview) -> None:
    """Writes a file: whole or not at all, and on the disk when this returns.

    Args:
        path: its directory is made where it is missing; another file there is replaced.
        content: bytes.

    Raises:
        OSError: it cannot be written; nothing is left of it, and what was there stays.
    """
    folder = os.path.dirname(path)
    _make(folder)
    partial = os.path.join(folder, f"{PARTIAL}{uuid.uuid4().hex}")
    try:
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException as error:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)
        _name(error, path)
        raise
    _sync(folder)


def remove(paths: Iterable[str]) -> None:
    """Removes files, those that are gone already too; then their directories where they are empty.

    The names are gone from the disk when this returns.
    """
    folders = set()
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        folders.add(os.path.dirname(path))
    for folder in folders:
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            continue
        except OSError:  # others are in it
            _sync(folder)
        else:
            _sync(os.path.dirname(folder))


def _make(folder: str) -> None:
    """Makes a directory and those above, and brings their names to the disk."""
    if os.path.isdir(folder):
        return
    above = os.path.dirname(os.path.abspath(folder))
    _make(above)
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder)
    _sync(above)


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        _name(error, folder)
        raise
    finally:
        os.close(descriptor)


def _name(error: BaseException, path: str) -> None:
    """Lets an error say where: of a full disk the system says no more than that it is full."""
    if isinstance(error, OSError) and error.filename is None:
        error.filename = path
