"""A Redis of the tests' own: in a temporary folder, on a free port."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest

from scripts.background import free_port
from tests import apt


@contextlib.contextmanager
def running(folder: pathlib.Path) -> Iterator[str]:
    """Gives HOST:PORT of a server, or skips the test saying what to install."""
    _install()
    port = free_port()
    process = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
        stdout=(folder / "redis.log").open("w"),
        stderr=subprocess.STDOUT,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "redis.log").read_text())
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def _install() -> None:
    if not shutil.which("redis-server") and (reason := apt.install("redis-server")):
        pytest.skip(f"needs Redis: apt-get install redis-server ({reason})")
