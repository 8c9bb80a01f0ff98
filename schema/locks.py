"""One command at a time: a lock file that names who holds it."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import json
import os
import pathlib
import platform
import time
from collections.abc import Iterator

_POLL_SECONDS = 0.05


class LockedError(BlockingIOError):
    """Another command holds the lock; the message names it."""


@contextlib.contextmanager
def held(
    path: str | os.PathLike[str], command: str, *, wait_seconds: float = 10.0
) -> Iterator[None]:
    """Holds a lock while the block runs; the system drops it when the process ends in any way.

    Args:
        path: the lock file. It stays: what counts is the lock on it (flock), not that it is there.
        command: what holds it, for those who wait.
        wait_seconds: how long to wait for another holder.

    Raises:
        LockedError: it was not free in time.
        OSError: the file cannot be opened, or its file system knows no locks.
    """
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    # Its mode is that of the umask: a second user must not fail where the directory is shared.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _take(descriptor, path, wait_seconds)
        _name_holder(descriptor, command)
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def holder(path: str | os.PathLike[str]) -> str | None:
    """Who holds a lock, in words; None where nobody does."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(descriptor)
    finally:
        os.close(descriptor)
    return None


def _take(descriptor: int, path: str | os.PathLike[str], wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise LockedError(
                    f"{path} is held by {_holder(descriptor)}; waited {wait_seconds:g} s: try "
                    "again when that has ended"
                ) from None
        time.sleep(_POLL_SECONDS)


def _name_holder(descriptor: int, command: str) -> None:
    since = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    name = {"pid": os.getpid(), "host": platform.node(), "command": command, "since": since}
    # The lock holds without a name too, for instance on a full disk.
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(name).encode(), 0)


def _holder(descriptor: int) -> str:
    try:
        name = json.loads(os.pread(descriptor, 4096, 0))
        return f"process {name['pid']} on {name['host']} ({name['command']}, since {name['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
