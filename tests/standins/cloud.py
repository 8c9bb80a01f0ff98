"""A server that stands for Google's hosts, and the environment in which a process takes it so.

The process keeps Google's addresses: an HTTPS proxy on loopback leads to the stand-in, which has a
certificate of an authority made for the test. TensorFlow's `gs://`, whose address cannot be
configured, is reached in this way too, and nothing needs root.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import socketserver
import ssl
import threading
import traceback
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.standins import certificates

PROJECT = "standin-project"


@dataclasses.dataclass(frozen=True)
class Request:
    """A request as it arrived; names of headers are case-insensitive."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def url(self) -> str:
        return f"https://{self.host}{self.path}"

    def json(self) -> dict[str, Any]:
        return json.loads(self.body or b"{}")


@dataclasses.dataclass(frozen=True)
class Answer:
    """What to answer; a body that is no bytes is sent as JSON."""

    body: Any = b""
    status: int = 200
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


class Refused(Exception):  # noqa: N818 - it is an answer
    """A request is answered with an error, in the form of Google's APIs."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = Answer({"error": {"code": status, "message": message}}, status)


Service = Callable[[Request], Answer]


@contextlib.contextmanager
def running(folder: pathlib.Path, services: Mapping[str, Service]) -> Iterator[dict[str, str]]:
    """Answers for hosts of Google while the block runs.

    Args:
        folder: where keys and credentials may lie; made where it is missing.
        services: by host, such as "storage.googleapis.com".

    Yields:
        The environment variables that lead a process to it, whichever library it uses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chain, authority = certificates.write_certificate(folder, ["*.googleapis.com"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    server = _Server(context, {**services, "oauth2.googleapis.com": _token})
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    account = folder / "service-account.json"
    certificates.write_service_account(account, PROJECT, "https://oauth2.googleapis.com/token")
    try:
        yield {
            # httplib2, requests, libcurl and gRPC spell them differently.
            **dict.fromkeys(("https_proxy", "HTTPS_PROXY"), server.address),
            **dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost,::1"),
            **dict.fromkeys(
                ("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "HTTPLIB2_CA_CERTS"), str(authority)
            ),
            "GOOGLE_APPLICATION_CREDENTIALS": str(account),
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "GOOGLE_AUTH_TOKEN_FOR_TESTING": "token",  # TensorFlow's own way
            "NO_GCE_CHECK": "true",
        }
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _token(request: Request) -> Answer:
    return Answer({"access_token": "token", "expires_in": 3600, "token_type": "Bearer"})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # clients keep their connections open
    request_queue_size = 128

    def __init__(self, context: ssl.SSLContext, services: Mapping[str, Service]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.context = context
        self.services = services

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that went away


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_CONNECT(self) -> None:
        """Becomes the host that is asked for, over TLS."""
        self.send_response(200)
        self.end_headers()
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = socketserver._SocketWriter(self.connection)
        self.close_connection = False

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _serve(self) -> None:
        request = self._request()
        try:
            service = self.server.services.get(request.host)
            if service is None:
                raise Refused(501, f"no stand-in for {request.host}")
            answer = service(request)
        except Refused as refused:
            answer = refused.answer
        except Exception:
            answer = Answer({"error": {"code": 500, "message": traceback.format_exc()}}, 500)
        body = answer.body
        headers = dict(answer.headers)
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        self.send_response(answer.status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _request(self) -> Request:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = b"".join(self._chunks())
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        host = self.headers.get("Host", "").partition(":")[0]
        return Request(self.command, host, parts.path, query, self.headers, body)

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815
