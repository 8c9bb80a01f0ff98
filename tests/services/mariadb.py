"""A MariaDB server of the tests' own: in a temporary folder, on a free port, not as root."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import pwd
import shutil
import subprocess
import time

import pytest

from scripts.background import free_port
from tests import apt

_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


@dataclasses.dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        folder: its files.
        port: on 127.0.0.1.
        process: the server's.
    """

    folder: pathlib.Path
    port: int
    process: subprocess.Popen

    def tell(self, statements: str) -> str:
        """Executes SQL as the server's root; gives what it prints."""
        return _run("mariadb", f"--socket={self.folder}/socket", "--user=root", f"-e{statements}")

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(60)


def start(folder: pathlib.Path) -> Server:
    """Starts a server, or skips the test saying what to install."""
    _install()
    user = _owner(folder)
    data = folder / "data"
    _run("mariadb-install-db", f"--datadir={data}", *_AS_ANYBODY, **user)
    port = free_port()
    process = subprocess.Popen(
        [
            _found("mariadbd"),
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={folder}/socket",
            f"--pid-file={folder}/pid",
            f"--port={port}",
            "--bind-address=127.0.0.1",
            "--innodb-buffer-pool-size=32M",
        ],
        stdout=(folder / "log").open("w"),
        stderr=subprocess.STDOUT,
        **user,
    )
    server = Server(folder, port, process)
    deadline = time.monotonic() + 120
    while True:
        try:
            server.tell("SELECT 1")
            return server
        except RuntimeError:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise RuntimeError((folder / "log").read_text()) from None
            time.sleep(0.2)


_AS_ANYBODY = ("--auth-root-authentication-method=normal", "--skip-test-db")


def _install() -> None:
    if _found("mariadbd") and _found("mariadb-install-db"):
        return
    if reason := apt.install("mariadb-server"):
        pytest.skip(f"needs MariaDB's server: apt-get install mariadb-server ({reason})")


def _owner(folder: pathlib.Path) -> dict:
    """Who runs the server: whoever runs the tests, in place of root the package's own user."""
    if os.getuid():
        return {}
    owner = pwd.getpwnam("mysql")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _found(command: str) -> str:
    return shutil.which(command, path=_PATH) or ""


def _run(command: str, *arguments: str, **user) -> str:
    done = subprocess.run(
        [_found(command), "--no-defaults", *arguments],
        capture_output=True,
        text=True,
        check=False,
        **user,
    )
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stderr or done.stdout}")
    return done.stdout
