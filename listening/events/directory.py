"""Events from a directory of JSON lines: the source that needs no service."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from typing import BinaryIO, Final

from listening.events.sources import Chunk, Origin, SourceError

KIND: Final = "directory"
SUFFIX: Final = ".jsonl"
_BLOCK: Final = 1 << 20
#: Bytes that are kept of a line; no event is nearly as long.
LONGEST: Final = 16 << 20
_HEAD: Final = 4096
_POLL_SECONDS: Final = 0.2


class DirectorySource:
    """The files `*.jsonl` of a directory: a partition each, an offset each line.

    A file is known by its name and its first line, so that another directory may have files of the
    same names. Files are added and may grow, but do not change. In a file that is not followed, the
    last line counts without its line break too.

    Args:
        folder: the directory.
        follow: whether to wait for more lines and files when all have been read.
        block: bytes that are read at a time.
    """

    def __init__(self, folder: str, follow: bool = False, block: int = _BLOCK) -> None:
        self._folder = folder
        self._follow = follow
        self._block = block
        self._numbers: dict[str, int] = {}
        self._positions: Mapping[int, int] = {}
        self._files: dict[str, _File] = {}
        self._ended = False

    @property
    def origin(self) -> Origin:
        """Its files, those included that have been taken away since."""
        return Origin(kind=KIND, files=dict(self._numbers))

    @property
    def ended(self) -> bool:
        """Whether every file was read to its end."""
        return self._ended

    def start(
        self, origin: Origin | None, positions: Mapping[int, int], warn: Callable[[str], None]
    ) -> None:
        """Looks for files, and for where each was left."""
        if not os.path.isdir(self._folder):
            raise SourceError(f"{self._folder} is no directory of events")
        if origin is not None:
            if origin.kind != KIND:
                raise SourceError(
                    f"what landed here came from {origin.kind} {origin.topic}: land a directory "
                    "somewhere else"
                )
            self._numbers = dict(origin.files)
        self._positions = dict(positions)
        self._look()
        if not self._files and not self._follow:
            raise SourceError(f"{self._folder} has no file *{SUFFIX} with a line in it")

    def read(self, seconds: float) -> list[Chunk]:
        """Takes the next block of lines of a file."""
        deadline = time.monotonic() + seconds
        while True:
            for file in self._files.values():
                if chunk := file.read(whole=not self._follow):
                    return [chunk]
            if not self._follow:
                self._ended = True
                return []
            if time.monotonic() >= deadline:
                return []
            time.sleep(min(_POLL_SECONDS, seconds))
            self._look()

    def waiting(self) -> dict[int, int]:
        """Bytes, for want of a number of lines that nobody has counted yet."""
        return {file.number: file.waiting() for file in self._files.values()}

    def tell(self, positions: Mapping[int, int]) -> None:
        """There is nobody to tell."""

    def close(self) -> None:
        """No file is open between two reads."""

    def _look(self) -> None:
        """Takes in files that are new."""
        with os.scandir(self._folder) as entries:
            names = sorted(e.name for e in entries if e.name.endswith(SUFFIX) and e.is_file())
        for name in names:
            if name in self._files:
                continue
            path = os.path.join(self._folder, name)
            if (head := _head(path)) is None:
                continue
            known = f"{name} {head}"
            number = self._numbers.setdefault(known, len(self._numbers))
            self._files[name] = _File(path, number, self._positions.get(number, 0), self._block)


class _File:
    """A file of lines, read in blocks from one of its lines on."""

    def __init__(self, path: str, number: int, first: int, block: int) -> None:
        self.number = number
        self._block = block
        self._path = path
        self._line = 0
        self._byte = 0
        self._is_cut = False  # whether a line was taken whose end had not come
        if first:
            self._skip(first)

    def waiting(self) -> int:
        """Bytes that were not read yet."""
        try:
            return max(0, os.path.getsize(self._path) - self._byte)
        except FileNotFoundError:
            return 0

    def read(self, whole: bool) -> Chunk | None:
        """The next lines that are not blank, None at the end.

        Args:
            whole: whether a last line without its line break is one.
        """
        while True:
            first = self._line
            lines = self._lines(whole)
            if not lines:
                return None
            offsets = range(first, self._line)
            if all(map(bytes.strip, lines)):
                return Chunk(self.number, offsets, lines)
            kept = [(o, line) for o, line in zip(offsets, lines, strict=True) if line.strip()]
            if kept:
                return Chunk(self.number, *(list(each) for each in zip(*kept, strict=True)))

    def _lines(self, whole: bool) -> list[bytes]:
        with open(self._path, "rb") as file:
            file.seek(self._byte)
            if self._is_cut:
                if not _rest(file):
                    return []
                self._is_cut, self._byte = False, file.tell()
            block = file.read(self._block)
            if cut := block.rfind(b"\n") + 1:
                lines = block[: cut - 1].split(b"\n")
                self._byte += cut
            else:
                if len(block) == self._block:
                    block += file.readline(LONGEST - self._block)
                ends = block.endswith(b"\n") or _rest(file)
                if not block or not (ends or whole):
                    return []
                lines = [block.removesuffix(b"\n")]
                self._byte, self._is_cut = file.tell(), not ends
        self._line += len(lines)
        return lines

    def _skip(self, first: int) -> None:
        """Goes to the start of a line."""
        with open(self._path, "rb") as file:
            last = b""
            while self._line < first and (block := file.read(_BLOCK)):
                last = block[-1:]
                found = block.count(b"\n")
                if self._line + found < first:
                    self._line += found
                    self._byte += len(block)
                    continue
                at = -1
                while self._line < first:
                    at = block.index(b"\n", at + 1)
                    self._line += 1
                self._byte += at + 1
        if self._line == first - 1 and last not in (b"", b"\n"):
            # It landed without its line break, which has not come since.
            self._line, self._is_cut = first, True
        if self._line < first:
            raise SourceError(
                f"{self._path} has fewer lines than landed of it before: files may be added and "
                "may grow, but do not change"
            )


def lines_of(places: Iterable[str]) -> list[str]:
    """The files of events that files and directories stand for, each once, in order.

    Raises:
        SourceError: a place is neither, or a directory without such a file.
    """
    found: list[str] = []
    for place in places:
        if os.path.isdir(place):
            names = sorted(name for name in os.listdir(place) if name.endswith(SUFFIX))
            if not names:
                raise SourceError(f"{place} has no file *{SUFFIX}")
            found += [os.path.join(place, name) for name in names]
        elif os.path.isfile(place):
            found.append(place)
        else:
            raise SourceError(f"{place} is neither a file nor a directory of events")
    return list(dict.fromkeys(found))


def _rest(file: BinaryIO) -> bool:
    """Passes what is left of a line by; says whether the line has an end."""
    while part := file.readline(_BLOCK):
        if part.endswith(b"\n"):
            return True
    return False


def _head(path: str) -> str | None:
    """What the first line of a file hashes to, or its first bytes; None of an empty file."""
    with open(path, "rb") as file:
        line = file.readline(_HEAD)
    return hashlib.sha256(line.rstrip(b"\r\n")).hexdigest()[:16] if line else None
