"""Limits every request, and sets headers against foreign content on every answer."""

from __future__ import annotations

import ipaddress
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY: Final = 128 * 1024
#: Where a file is sent, which is larger.
FILES: Final = "/api/playlists"
MAX_FILE: Final = 32 * 2**20

HEADERS: Final = {
    # Only this server's own files: no inline script or style, no frame, no form, nothing outside.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class Guard:
    """Sets the headers, and refuses bodies that are too large before they are read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one ASGI event stream."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refusal = _refusal(scope)
        await (refusal or self._app)(scope, receive, send_guarded)


def _refusal(scope: Scope) -> JSONResponse | None:
    if scope["method"] not in {"POST", "PUT", "PATCH"}:
        return None
    length = Headers(scope=scope).get("content-length", "")
    if not length.isdigit():
        return JSONResponse({"error": "A request with content must give its length."}, 411)
    most = MAX_FILE if scope["path"] == FILES else MAX_BODY
    if int(length) > most:
        return JSONResponse({"error": f"A request may have {most:,} bytes at most."}, 413)
    return None


def allowed_hosts(host: str) -> list[str]:
    """Names that the page may be asked for under, when it is bound to an address.

    On the loopback these are its own names only: a foreign site whose name is made to point here
    gets nothing.
    """
    if host == "localhost" or _is_loopback(host):
        return ["localhost", "127.0.0.1", "[::1]", "::1", host]
    return ["*"]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
