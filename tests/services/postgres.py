"""A PostgreSQL server of the tests' own: in a temporary folder, on a free port, not as root."""

from __future__ import annotations

import contextlib
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.background import free_port
from tests import apt

_USER = "segue"


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Gives the URL of an empty database, or skips the test saying what to install."""
    _install()
    # The server's user cannot enter pytest's own folders.
    with tempfile.TemporaryDirectory(prefix="segue-postgres-") as folder:
        yield from _served(pathlib.Path(folder))


def _served(folder: pathlib.Path) -> Iterator[str]:
    user = _owner(folder)
    data = folder / "data"
    _run("initdb", f"--pgdata={data}", f"--username={_USER}", "--auth=trust", "--no-sync", **user)
    port = free_port()
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": folder,
        "fsync": "off",
        "shared_buffers": "32MB",
    }
    process = subprocess.Popen(
        [
            _found("postgres"),
            "-D",
            data,
            *(f"--{name}={value}" for name, value in settings.items()),
        ],
        stdout=(folder / "log").open("w"),
        stderr=subprocess.STDOUT,
        **user,
    )
    try:
        deadline = time.monotonic() + 60
        while "ready to accept connections" not in (folder / "log").read_text():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "log").read_text())
            time.sleep(0.05)
        # Every server has a database of this name.
        yield f"postgresql://{_USER}@127.0.0.1:{port}/postgres"
    finally:
        process.terminate()
        process.wait(60)


def _install() -> None:
    if _found("initdb") and _found("postgres"):
        return
    if reason := apt.install("postgresql"):
        pytest.skip(f"needs PostgreSQL: apt-get install postgresql ({reason})")


def _owner(folder: pathlib.Path) -> dict[str, Any]:
    """Who runs the server: whoever runs the tests, in place of root the package's own user."""
    if os.getuid():
        return {}
    owner = pwd.getpwnam("postgres")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _found(command: str) -> str:
    """The path of a command; Debian keeps each release's in a folder of its own."""
    folders = map(str, sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))
    return shutil.which(command, path=os.pathsep.join((*folders, os.environ.get("PATH", "")))) or ""


def _run(command: str, *arguments: str, **user: Any) -> None:
    done = subprocess.run(
        [_found(command), *arguments], capture_output=True, text=True, check=False, **user
    )
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stderr or done.stdout}")
