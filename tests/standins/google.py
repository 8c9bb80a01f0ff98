"""A plain HTTP server that stands for Google's APIs, and the ways in which it fails.

with google.running(vertex.Vertex(), ...) as server:
    server.fail("POST", "/pipelineJobs", google.LOST_AFTER)
    monkeypatch.setenv("SEGUE_VERTEX_ENDPOINT", server.url)
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: The connection ends before, or after, the server did what it was asked.
LOST_BEFORE = "lost before"
LOST_AFTER = "lost after"
#: The answer ends in the middle.
CUT = "cut"


@dataclasses.dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body or b"{}")


class Refused(Exception):  # noqa: N818 - it is an answer
    """An error as Google's APIs answer it."""

    def __init__(self, code: int, status: str, message: str = "of the stand-in") -> None:
        super().__init__(message)
        self.answer = {"error": {"code": code, "status": status, "message": message}}
        self.code = code


#: Answers JSON, bytes, or None where a request is not of the service.
Service = Callable[[Asked], Any]


class Server:
    """Services at one address.

    Attributes:
        url: where it is.
        asked: what was asked, as method and path.
    """

    def __init__(self, services: tuple[Service, ...]) -> None:
        self.asked: list[tuple[str, str]] = []
        self._services = services
        self._faults: list[tuple[str, str, int | str]] = []
        self._lock = threading.RLock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # an answer in two parts waits for an acknowledgement

            def log_message(self, format: str, *args: object) -> None:
                pass

            def _any(self) -> None:
                outer._serve(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"

    def fail(self, method: str, path: str, *kinds: int | str) -> None:
        """Lets the next requests whose path holds `path` fail: by a status, or one of the above."""
        self._faults += [(method, path, kind) for kind in kinds]

    def count(self, method: str, ending: str) -> int:
        """How often something was asked for."""
        return sum(m == method and path.endswith(ending) for m, path in self.asked)

    def _serve(self, handler: Any) -> None:
        size = int(handler.headers.get("Content-Length") or 0)
        address = urllib.parse.urlsplit(handler.path)
        asked = Asked(
            handler.command,
            urllib.parse.unquote(address.path),
            urllib.parse.parse_qs(address.query),
            dict(handler.headers),
            handler.rfile.read(size),
        )
        with self._lock:
            self.asked.append((asked.method, asked.path))
            fault = self._fault(asked)
            if fault == LOST_BEFORE:
                return self._hang_up(handler)
            code, body = (fault, _error(fault)) if isinstance(fault, int) else self._answer(asked)
        if fault == LOST_AFTER:
            return self._hang_up(handler)
        handler.send_response(code)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2] if fault == CUT else body)
        if fault == CUT:
            self._hang_up(handler)
        return None

    def _fault(self, asked: Asked) -> int | str | None:
        for index, (method, path, kind) in enumerate(self._faults):
            if asked.method == method and path in asked.path:
                del self._faults[index]
                return kind
        return None

    def _answer(self, asked: Asked) -> tuple[int, bytes]:
        try:
            for service in self._services:
                if (answer := service(asked)) is not None:
                    return 200, answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        except Refused as refused:
            return refused.code, json.dumps(refused.answer).encode()
        return 501, _error(501)

    @staticmethod
    def _hang_up(handler: Any) -> None:
        handler.wfile.flush()
        handler.close_connection = True
        handler.connection.close()


def _error(code: int) -> bytes:
    answer = {"code": code, "status": f"HTTP_{code}", "message": f"answered {code}"}
    return json.dumps({"error": answer}).encode()


@contextlib.contextmanager
def running(*services: Service) -> Iterator[Server]:
    """Serves until the block ends."""
    server = Server(services)
    thread = threading.Thread(target=server.http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
