"""The gateway over HTTP: one request for recommendations, and what a platform asks a service."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from gateway.answering import Gateway
from gateway.limits import Gate
from gateway.metrics import Metrics
from gateway.requests import BadRequestError, TooManyError, parsed

_JSON: Final = "application/json"
_BODY_SECONDS: Final = 5.0
_HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


class RefusedError(RuntimeError):
    """A request that is not answered.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def create_app(gateway: Gateway, gate: Gate, metrics: Metrics) -> FastAPI:
    """Builds the application.

    Args:
        gateway: answers.
        gate: lets requests in.
        metrics: are shown.
    """
    app = FastAPI(title="Segue gateway", docs_url=None, redoc_url=None, openapi_url=None)
    most = gateway.config.limits.request_bytes

    # Plain routes: what FastAPI does for typed ones costs more than the rest of the way.
    async def recommend(request: Request) -> Response:
        client = request.client.host if request.client else ""
        try:
            with gate.passed(client):
                answer = await gateway.answer(parsed(await _body(request, most)))
        except BadRequestError as error:
            return refusal(422, str(error))
        except TooManyError as error:
            return refusal(429, str(error))
        except RefusedError as error:
            return refusal(error.status, str(error))
        return _json(answer.as_json())

    async def surfaces(request: Request) -> Response:
        del request
        found = gateway.day.surfaces.values()
        told = [{"surface": each.name, "description": each.description} for each in found]
        return _json({"surfaces": told})

    async def alive(request: Request) -> Response:
        del request
        return Response("alive\n", media_type="text/plain")

    async def show(request: Request) -> Response:
        del request
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    def refusal(status: int, message: str) -> Response:
        metrics.refused(status)
        more = {"Retry-After": "1"} if status == 429 else {}
        return _json({"error": message}, status, more)

    app.add_route("/v1/recommend", recommend, methods=["POST"])
    app.add_route("/v1/surfaces", surfaces, methods=["GET"])
    for path in ("/livez", "/readyz"):
        app.add_route(path, alive, methods=["GET"])
    app.add_route("/metrics", show, methods=["GET"])

    @app.exception_handler(HTTPException)
    async def not_there(request: Request, error: HTTPException) -> Response:
        del request
        known = "there are POST /v1/recommend, GET /v1/surfaces, /livez, /readyz and /metrics"
        return refusal(error.status_code, f"{error.detail}: {known}")

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        del request, error
        return refusal(500, "the gateway failed; its log says where")

    return app


async def _body(request: Request, most: int) -> bytes:
    """The content of a request.

    Raises:
        RefusedError: it is too large, too slow, or no JSON by its own account.
    """
    # A page of another site can send anything else without being asked.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise RefusedError(415, f"content-type: it is to be {_JSON}")
    length = request.headers.get("content-length", "")
    too_large = RefusedError(413, f"a request may have {most:,} bytes at most")
    if length.isdigit() and int(length) > most:
        raise too_large
    parts, size = [], 0

    async def take() -> None:
        nonlocal size
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise too_large
            parts.append(part)

    try:
        await asyncio.wait_for(take(), _BODY_SECONDS)
    except asyncio.TimeoutError:
        raise RefusedError(408, f"its content did not come within {_BODY_SECONDS:g} s") from None
    return b"".join(parts)


def _json(content: Any, status: int = 200, more: dict[str, str] | None = None) -> Response:
    headers = {**_HEADERS, **(more or {})}
    return Response(orjson.dumps(content), status, headers, media_type=_JSON)
