"""fake-gcs-server in place of Cloud Storage: a program by others, built by Go.

with fake_gcs.running(folder, program, "a-bucket") as (server, environment):
    server.upload("a-bucket", "mpd/1.json", b"...")
    subprocess.run(command, env={**os.environ, **environment})
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import itertools
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

from scripts.background import free_port
from tests.standins import cloud
from tests.standins.cloud import Answer, Request
from tests.standins.storage import HOSTS

MODULE = "github.com/fsouza/fake-gcs-server@v1.56.1"
_LOOPBACK = "127.0.0.1"
#: Of one connection; the other side makes its own.
_CONNECTION = {"connection", "content-length", "transfer-encoding", "host", "keep-alive"}


class CannotBuildError(Exception):
    """There is no Go, or it could not build the program; the message says why."""


def build(folder: pathlib.Path) -> pathlib.Path:
    """Builds the program into a folder; returns its path.

    Raises:
        CannotBuildError: see there.
    """
    if shutil.which("go") is None:
        raise CannotBuildError("needs Go, which builds fake-gcs-server")
    done = subprocess.run(
        ["go", "install", MODULE],
        env={**os.environ, "GOBIN": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotBuildError(f"fake-gcs-server could not be built: {done.stderr[-300:]}")
    return folder / "fake-gcs-server"


@dataclasses.dataclass(frozen=True)
class Server:
    """The running program, a service of `cloud.running`."""

    port: int

    def __call__(self, request: Request) -> Answer:
        """Passes a request on as if the program were the host that was asked."""
        query = urllib.parse.urlencode(request.query)
        kept = {k: v for k, v in request.headers.items() if k.lower() not in _CONNECTION}
        body = _numbered(request.body) if request.path.startswith("/batch/") else request.body
        return self._ask(
            request.method,
            f"{request.path}?{query}" if query else request.path,
            # So that the addresses which it answers with are the client's own.
            {**kept, "Host": request.host, "X-Forwarded-Proto": "https"},
            body,
        )

    def create(self, bucket: str) -> None:
        """Makes a bucket."""
        self._json("POST", f"/storage/v1/b?project={cloud.PROJECT}", {"name": bucket})

    def upload(self, bucket: str, name: str, content: bytes) -> None:
        """Stores an object."""
        quoted = urllib.parse.quote(name, safe="")
        path = f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quoted}"
        answer = self._ask("POST", path, {"Host": HOSTS[0]}, content)
        assert answer.status == 200, answer

    def list(self, bucket: str, prefix: str) -> list[str]:
        """The names of objects that begin so, without the beginning."""
        quoted = urllib.parse.quote(prefix, safe="")
        found = self._json("GET", f"/storage/v1/b/{bucket}/o?prefix={quoted}")
        return [each["name"].removeprefix(prefix) for each in found.get("items", [])]

    def _json(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        content = b"" if body is None else json.dumps(body).encode()
        answer = self._ask(method, path, {"Host": HOSTS[0]}, content)
        assert answer.status == 200, answer
        return json.loads(answer.body)

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        connection = http.client.HTTPConnection(_LOOPBACK, self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            kept = {k: v for k, v in response.getheaders() if k.lower() not in _CONNECTION}
            return Answer(response.read(), response.status, kept)


@contextlib.contextmanager
def running(
    folder: pathlib.Path, program: pathlib.Path, *buckets: str
) -> Iterator[tuple[Server, dict[str, str]]]:
    """Serves buckets, and nothing else of Google, while the block runs.

    Args:
        folder: for keys, credentials and what the program says.
        program: see `build`.
        *buckets: that are there.

    Yields:
        The server, and the environment that leads a process to it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    server = Server(free_port())
    command = [
        *(program, "-backend", "memory", "-scheme", "http"),
        *("-host", _LOOPBACK, "-port", str(server.port)),
        *("-public-host", HOSTS[0], "-external-url", f"https://{HOSTS[0]}"),
    ]
    with (folder / "fake-gcs-server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(server.port, process)
        for bucket in buckets:
            server.create(bucket)
        with cloud.running(folder, dict.fromkeys(HOSTS, server)) as environment:
            yield server, environment
    finally:
        process.terminate()
        process.wait()


def _numbered(batch: bytes) -> bytes:
    """Gives the parts of a batch numbers, without which the program passes over them.

    Google answers such parts, and google-cloud-storage sends them so.
    """
    numbers = itertools.count(1)
    kind = re.compile(rb"^Content-Type: application/http", re.MULTILINE)
    return kind.sub(lambda found: b"Content-ID: <%d>\r\n%s" % (next(numbers), found[0]), batch)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((_LOOPBACK, port), timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError(f"fake-gcs-server does not listen at {port}")
