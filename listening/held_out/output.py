"""A directory of slices that is there as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from types import TracebackType
from typing import Final

from isal import igzip

from schema import output_lock

#: What says of a directory that this command wrote it, and what it holds; not named as slices are.
MANIFEST: Final = "slices.manifest"
#: Bytes of JSON after which a slice ends; a reader holds one in memory.
SLICE_BYTES: Final = 32 << 20
_PARTIAL: Final = ".partial-"
_OLD: Final = ".old-"
_LEVEL: Final = 2


@contextlib.contextmanager
def written_whole(out: str, command: str) -> Iterator[str]:
    """Gives a folder whose content takes the place of a directory when the block ends well.

    A kill at any moment leaves the directory as it was, as it becomes, or, between two renames,
    none of that name; the next command puts the old one back before it does anything else.

    Args:
        out: new, empty, or what this command wrote before.
        command: who writes, for others who want to.

    Raises:
        ValueError: `out` holds something else.
        InUseError: another command writes there.
        OSError: it cannot be written to.
    """
    out = os.path.abspath(out)
    with _tidied(out, command):
        names = set(os.listdir(out)) - {output_lock.NAME}
        if names and MANIFEST not in names:
            raise ValueError(
                f"{out} holds other things, such as {min(names)}: choose another --out"
            )
        partial, old = (f"{out}{kind}{uuid.uuid4().hex}" for kind in (_PARTIAL, _OLD))
        try:
            os.mkdir(partial)
            yield partial
            os.rename(out, old)
            os.rename(partial, out)
        finally:
            _put_back(out)
            shutil.rmtree(partial, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)


def tidy(out: str, command: str) -> None:
    """Removes what commands that were killed have left beside a directory.

    Raises:
        InUseError: another command writes there.
    """
    with _tidied(os.path.abspath(out), command):
        pass


@contextlib.contextmanager
def _tidied(out: str, command: str) -> Iterator[None]:
    """Holds a directory, with nothing beside it that a kill has left."""
    _put_back(out)  # before the lock, which makes the directory where it is missing
    with output_lock.taken(out, command):
        for path in (*_leavings(out, _PARTIAL), *_leavings(out, _OLD)):
            shutil.rmtree(path, ignore_errors=True)
        yield


def _put_back(out: str) -> None:
    """Puts an old directory back that was renamed away, where no new one took its place."""
    if not os.path.lexists(out):
        for old in _leavings(out, _OLD):
            os.rename(old, out)
            return


def _leavings(out: str, kind: str) -> list[str]:
    folder, name = os.path.split(out)
    if not os.path.isdir(folder):
        return []
    return [
        os.path.join(folder, each) for each in os.listdir(folder) if each.startswith(name + kind)
    ]


class SlicesWriter:
    """Writes records into slices of some size, the same bytes for the same records."""

    def __init__(self, folder: str, kind: str, most: int = SLICE_BYTES) -> None:
        """Writes no file before there is a record.

        Args:
            folder: for the slices.
            kind: a part of their names.
            most: bytes of JSON after which a slice ends.
        """
        self._folder, self._kind, self._most = folder, kind, most
        self._open = contextlib.ExitStack()
        self._file: igzip.IGzipFile | None = None
        self._size = self._number = 0

    def __enter__(self) -> SlicesWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def add(self, record: bytes) -> None:
        """Writes a record, JSON of an object."""
        if self._file is None:
            self._file = self._begin()
        elif self._size >= self._most:
            self._end()
            self._file = self._begin()
        else:
            self._file.write(b",\n")
        self._file.write(record)
        self._size += len(record)

    def _begin(self) -> igzip.IGzipFile:
        path = os.path.join(self._folder, f"mpd.slice.{self._kind}-{self._number:05d}.json.gz")
        raw = self._open.enter_context(open(path, "wb"))  # noqa: SIM115 - in the stack
        file: igzip.IGzipFile = self._open.enter_context(
            igzip.IGzipFile("", "wb", _LEVEL, raw, mtime=0)
        )
        file.write(b'{"playlists":[\n')
        self._size, self._number = 0, self._number + 1
        return file

    def _end(self) -> None:
        if self._file is not None:
            self._file.write(b"\n]}\n")
        self._file = None
        self._open.close()
