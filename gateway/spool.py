"""A directory of JSON lines, which `segue events land --source DIR` reads."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Final

_SUFFIX: Final = ".jsonl"


class SpoolSink:
    """Appends to files that grow up to a size, each written by this process alone.

    Args:
        directory: made where it is missing.
        file_bytes: of a file, after which the next one begins.
    """

    def __init__(self, directory: str, file_bytes: int) -> None:
        self._directory = directory
        self._file_bytes = file_bytes
        self._file: int | None = None
        self._size = 0
        self._waiting: list[tuple[bytes, Callable[[bool], None]]] = []

    def send(self, key: bytes, lines: Sequence[bytes], done: Callable[[bool], None]) -> None:
        """See `Sink`."""
        del key  # one file holds everybody's, in order
        self._waiting.append((b"".join(line + b"\n" for line in lines), done))

    def work(self) -> None:
        """See `Sink`."""
        taken, self._waiting = self._waiting, []
        if not taken:
            return
        safe = False
        try:
            self._append(b"".join(content for content, _ in taken))
            safe = True
        finally:
            for _, done in taken:
                done(safe)

    def close(self, seconds: float) -> None:
        """See `Sink`."""
        del seconds  # a disk answers or fails
        try:
            self.work()
        finally:
            self._end()

    def _append(self, content: bytes) -> None:
        """Writes all of it, or leaves the file as it was."""
        if self._file is not None and (self._size >= self._file_bytes or self._is_gone()):
            self._end()
        if self._file is None:
            os.makedirs(self._directory, exist_ok=True)
            name = f"exposures-{time.time_ns():020d}-{secrets.token_hex(4)}{_SUFFIX}"
            path = os.path.join(self._directory, name)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
            self._file, self._size = os.open(path, flags, 0o640), 0
        try:
            written = os.write(self._file, content)
            if written < len(content):
                raise OSError(28, "no space left for exposures")
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += written

    def _is_gone(self) -> bool:
        """Whether somebody took the file away, so that nobody would find what is written to it."""
        assert self._file is not None
        return os.fstat(self._file).st_nlink == 0

    def _end(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)
