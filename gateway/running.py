"""Puts a gateway together, and runs it until somebody ends it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, Final

import grpc
import numpy as np
import uvicorn
from rich.console import Console

from gateway import day
from gateway.aliases import Aliases
from gateway.answering import Gateway
from gateway.asking import Models
from gateway.assignment import Assignment, Routes
from gateway.breaker import Breaker
from gateway.calls import create_server
from gateway.clock import EventClock
from gateway.configuration import Exposures as ExposureOptions
from gateway.configuration import GatewayConfig, Model
from gateway.exposures import Exposures, Sink
from gateway.limits import Gate
from gateway.listeners import Listeners
from gateway.metrics import Metrics
from gateway.one_thread import OneThread
from gateway.spool import SpoolSink
from gateway.web import create_app
from serving.client import is_loopback
from serving.protocol import ConfigError

_log = logging.getLogger(__name__)
_END_SECONDS: Final = 3.0
_SWITCH_SECONDS: Final = 0.0005
_LOOK_SECONDS: Final = 30.0  # for the newest features, lists and aliases
_KEEP_ALIVE: Final = 30


class GatewayServer:
    """A gateway that runs in a thread of its own while the block runs.

    Args:
        config: how.
        assignment: which arm a listener is in; by the routes of the configuration by default.
        clock: of events.
        seed: of chance; the system's own by default.

    Raises:
        ConfigError: something that the configuration names cannot be used.
        OSError: a file cannot be read.
    """

    def __init__(
        self,
        config: GatewayConfig,
        *,
        assignment: Assignment | None = None,
        clock: EventClock | None = None,
        seed: int | None = None,
    ) -> None:
        self.config = config
        self._assignment = assignment or Routes(config.routes)
        self._clock = clock or EventClock()
        self._chance = np.random.default_rng(seed)
        self._day = day.read(config)
        self._aliases = Aliases(config.registry, _models(config))
        self._aliases.look()
        self.exposures = Exposures(sink_of(config.exposures), config.exposures.waiting)
        self.metrics = Metrics(
            self.exposures.counts, lambda: self.exposures.waiting, lambda: self._clock.jumps
        )
        self.grpc_port: int | None = None
        self._socket = listen(config.listen.host, config.listen.port)
        self._stop: Callable[[], None] = lambda: None
        self._started = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="gateway", daemon=True)

    @property
    def port(self) -> int:
        """Of HTTP."""
        return int(self._socket.getsockname()[1])

    @property
    def address(self) -> str:
        """Where it is asked."""
        host = self.config.listen.host
        scheme = "https" if self.config.listen.tls else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    def start(self) -> None:
        """Begins to answer.

        Raises:
            ConfigError: a certificate cannot be used.
        """
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Answers what it has begun with, and writes what was shown."""
        if self._thread.is_alive():
            self._stop()
            self._thread.join()
        self.exposures.close(_END_SECONDS)
        self._socket.close()

    def __enter__(self) -> GatewayServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self) -> None:
        # The loop waits no longer than that for a thread that reads or writes beside it.
        sys.setswitchinterval(_SWITCH_SECONDS)
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._error = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        config, loop = self.config, asyncio.get_running_loop()
        listeners = Listeners(config.store, config.features, Breaker(config.breaker))
        models = Models(config.server, config.breaker, config.refresh_seconds)
        gateway = Gateway(
            config=config,
            day=self._day,
            listeners=listeners,
            models=models,
            pinned=self._aliases.pinned,
            assignment=self._assignment,
            exposures=self.exposures,
            metrics=self.metrics,
            clock=self._clock,
            chance=self._chance,
        )
        gate = Gate(config.limits)
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(gateway, gate, self.metrics),
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE,
                timeout_graceful_shutdown=round(_END_SECONDS),
                lifespan="off",
                **tls_of(config),
            )
        )
        server.config.load()
        calls = await self._calls(gateway, gate)
        stopping = asyncio.Event()

        def stop() -> None:
            loop.call_soon_threadsafe(stopping.set)

        self._stop = stop
        looking = OneThread("what is newer")
        tasks = [
            asyncio.create_task(_again(config.refresh_seconds, self._newer, gateway, looking)),
            asyncio.create_task(_again(config.registry_seconds, self._look, looking)),
            asyncio.create_task(_again(1.0, gateway.knowledge.learn)),
            asyncio.create_task(server.serve(sockets=[self._socket])),
        ]
        while not server.started and not tasks[-1].done():
            await asyncio.sleep(0.005)
        # What is there now stays: who looks for garbage need not look at it.
        gc.freeze()
        self._started.set()
        await asyncio.wait(
            [tasks[-1], asyncio.create_task(stopping.wait())], return_when="FIRST_COMPLETED"
        )
        server.should_exit = True
        await asyncio.wait([tasks[-1]])
        for task in tasks[:-1]:
            task.cancel()
        if calls is not None:
            await calls.stop(_END_SECONDS)
        await models.close()
        listeners.close()

    async def _calls(self, gateway: Gateway, gate: Gate) -> grpc.aio.Server | None:
        """Answers over gRPC, where that is wanted."""
        if self.config.listen.grpc_port is None:
            return None
        server, self.grpc_port = create_server(gateway, gate, self.metrics)
        await server.start()
        return server

    async def _newer(self, gateway: Gateway, looking: OneThread) -> None:
        """Takes what is newer than what answers are made of."""
        gateway.day = await looking.call(_LOOK_SECONDS * 10, day.read, self.config, gateway.day)

    async def _look(self, looking: OneThread) -> None:
        if self.config.registry is not None:
            await looking.call(_LOOK_SECONDS, self._aliases.look)


def run(config: GatewayConfig, console: Console | None = None) -> int:
    """Answers until SIGINT or SIGTERM.

    Args:
        config: how.
        console: where to say what happens.

    Returns:
        Exit code 0.

    Raises:
        ConfigError: something that the configuration names cannot be used.
        OSError: a file cannot be read.
    """
    console = console or Console()
    ended = threading.Event()
    before = {
        each: signal.signal(each, lambda *_: ended.set())
        for each in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        with GatewayServer(config) as server:
            also = "" if server.grpc_port is None else f", over gRPC at port {server.grpc_port}"
            console.print(f"The gateway answers at [bold]{server.address}[/]{also}. Ctrl-C ends.")
            host = config.listen.host
            if config.listen.tls is None and not is_loopback(f"{host}:0"):
                console.print(f"Whoever reaches {host} may ask, in plain text: see listen.tls.")
            ended.wait()
        counts = server.exposures.counts()
        console.print(f"Ended; exposures: {counts or 'none'}", highlight=False)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    return 0


def sink_of(options: ExposureOptions) -> Sink:
    """Where exposures go.

    Raises:
        ConfigError: the settings of Kafka cannot be used.
    """
    if options.directory is not None:
        return SpoolSink(options.directory, options.file_bytes)
    from listening.events import SourceError
    from listening.events.kafka import sending, settings

    assert options.kafka is not None
    kafka = options.kafka
    try:
        told = settings.settings(kafka.brokers, (), kafka.settings)
        return sending.KafkaSink(kafka.topic, told, kafka.deadline_ms)
    except (settings.SettingsError, SourceError, OSError) as error:
        raise ConfigError(f"exposures.kafka: {error}") from error


def listen(host: str, port: int) -> socket.socket:
    """Takes a port.

    Raises:
        ConfigError: it cannot be had.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        found = socket.create_server((host, port), family=family, backlog=1024)
        # Connections have it too: an answer's second packet waits for nobody's acknowledgement.
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return found
    except OSError as error:
        raise ConfigError(
            f"listen: {host}:{port} cannot be had: {error.strerror or error}"
        ) from error


def tls_of(config: GatewayConfig) -> dict[str, Any]:
    """The certificates of HTTP, as uvicorn takes them.

    Raises:
        ConfigError: they cannot be used.
    """
    tls = config.listen.tls
    if tls is None:
        return {}
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, tls.key)
        if tls.client_ca:
            context.load_verify_locations(tls.client_ca)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"listen.tls: {error}") from error
    found: dict[str, Any] = {"ssl_certfile": tls.certificate, "ssl_keyfile": tls.key}
    if tls.client_ca:
        found |= {"ssl_ca_certs": tls.client_ca, "ssl_cert_reqs": ssl.CERT_REQUIRED}
    return found


def _models(config: GatewayConfig) -> Iterator[Model]:
    """All that may be asked for."""
    yield from config.models.values()
    for route in config.routes:
        yield from (arm.model for arm in route.arms if arm.model is not None)


async def _again(
    seconds: float, function: Callable[..., Coroutine[Any, Any, None]], *arguments: Any
) -> None:
    """Calls a function again and again; that it fails is told, and no more."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await function(*arguments)
        except Exception as error:
            with contextlib.suppress(Exception):
                _log.warning("%s failed: %s", function.__name__, error)
