"""The web application, and the blocking entry of `segue demo`."""

from __future__ import annotations

import contextlib
import pathlib
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any

import grpc
import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from rich.console import Console
from starlette.middleware.trustedhost import TrustedHostMiddleware

from demo import gateway_api, model_server
from demo.api import create_router
from demo.backend import Backend
from demo.catalogue import Catalogue
from demo.filling import CatalogueFiller
from demo.gateway import Gateway, GatewayError, listeners_of
from demo.guard import Guard, allowed_hosts
from serving.protocol import BadAnswerError, ConfigError, ServingError

_STATIC = pathlib.Path(__file__).resolve().parent / "static"
_MAX_CONNECTIONS = 100

_STATUS = {
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
    grpc.StatusCode.NOT_FOUND: 404,
}


def create_app(
    backend: Backend,
    catalogue: Catalogue,
    *,
    host: str = "127.0.0.1",
    gateway: Gateway | None = None,
) -> FastAPI:
    """Builds the application.

    Args:
        backend: asks the model server.
        catalogue: what is searched.
        host: the address that the page is bound to.
        gateway: is asked as a listener; None where there is none.

    Returns:
        An ASGI application.
    """
    # No interactive documentation: its page loads scripts from elsewhere.
    app = FastAPI(title="Segue demo", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(create_router(backend, catalogue))
    app.include_router(gateway_api.create_router(gateway))

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(_STATIC / "index.html")

    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts(host))
    app.add_middleware(Guard)
    _explain_errors(app, backend.target)
    return app


def run(
    model_base: str | None = None,
    target: str | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8600,
    model: str = "segue",
    fall_back: bool = False,
    gateway: str | None = None,
    listeners: str | None = None,
    console: Console | None = None,
) -> int:
    """Shows the page until SIGINT or SIGTERM.

    Args:
        model_base: directory of versions, as Pusher fills it. It is served by a development server
            in this process, unless `target` is given too; the page searches its tracks.
        target: HOST:PORT of a running server.
        host: address to bind the page to.
        port: its port, 0 for a free one.
        model: name of the model on the server.
        fall_back: whether older versions may take the place of one that is not whole.
        gateway: address of a gateway, which is asked as one of the listeners.
        listeners: table of these.
        console: where to say what happens.

    Returns:
        Exit code 0.

    Raises:
        BrokenModelError: the latest version is not whole.
        ConfigError: an argument cannot be used.
        ServingError: the model cannot be loaded.
    """
    if model_base is None and target is None:
        raise ConfigError("give --model-base, --target, or both")
    if (gateway is None) != (listeners is None):
        raise ConfigError("--gateway and --listeners go together")
    asked = Gateway(gateway, listeners_of(listeners)) if gateway and listeners else None
    console = console or Console()
    with contextlib.ExitStack() as stack:
        sock = stack.enter_context(_listen(host, port))
        stack.enter_context(_interruptible())
        try:
            if target is None:
                assert model_base is not None
                console.print(f"Loading the model in {model_base} ...", highlight=False)
                target = stack.enter_context(model_server.serve(model_base, model, fall_back))
            backend = Backend(target, model=model)
            stack.callback(backend.close)
            catalogue = Catalogue()
            stack.callback(catalogue.close)
            filler = CatalogueFiller(catalogue, backend, model_base)
            stack.callback(filler.stop)
            filler.start()
            shown = "localhost" if host in ("0.0.0.0", "::") else host  # noqa: S104 - as given
            address = f"http://{f'[{shown}]' if ':' in shown else shown}:{sock.getsockname()[1]}"
            console.print(f"Open [bold]{address}[/] (model server: {target}). Ctrl-C ends.")
            config = uvicorn.Config(
                create_app(backend, catalogue, host=host, gateway=asked),
                log_level="warning",
                access_log=False,
                server_header=False,
                limit_concurrency=_MAX_CONNECTIONS,
                timeout_graceful_shutdown=3,
            )
            uvicorn.Server(config).run(sockets=[sock])
        except KeyboardInterrupt:
            pass
    return 0


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Makes SIGTERM end the page as Ctrl-C does, so that everything is put away."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _explain_errors(app: FastAPI, target: str) -> None:
    """Answers failures with a sentence for the user."""

    @app.exception_handler(ServingError)
    def refused(request: Request, error: ServingError) -> JSONResponse:
        del request
        code = _STATUS.get(error.code, 502)
        text = {
            503: f"No model server answers at {target}.",
            504: f"The model server at {target} took too long.",
        }.get(code, f"The model server says: {error.message}")
        return JSONResponse({"error": text}, code)

    @app.exception_handler(ConfigError)
    def unusable(request: Request, error: ConfigError) -> JSONResponse:
        del request
        return JSONResponse({"error": str(error)}, 422)

    @app.exception_handler(GatewayError)
    def no_gateway(request: Request, error: GatewayError) -> JSONResponse:
        del request
        return JSONResponse({"error": str(error)}, 502)

    @app.exception_handler(BadAnswerError)
    def misunderstood(request: Request, error: BadAnswerError) -> JSONResponse:
        del request
        return JSONResponse({"error": f"The served model is not one of Segue's: {error}"}, 502)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        del request
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or "the request"
        return JSONResponse({"error": f"{where}: {first['msg']}"}, 422)
