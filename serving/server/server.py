"""A development server with TF Serving's gRPC API.

It serves what `tensorflow_model_server` serves, in the same way, where its container cannot run:
in development, tests and continuous integration. See docs/serving.md for the differences.
"""

from __future__ import annotations

import asyncio
import collections
import logging
import socket
import threading
import time
from concurrent import futures
from types import TracebackType

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from tensorflow.core.protobuf import config_pb2

from serving.protocol import ConfigError, ModelServerConfig
from serving.server import services, warmup
from serving.server.batching import BatchScheduler
from serving.server.event_loop import EventLoop
from serving.server.metrics import Metrics, MonitoringServer
from serving.server.options import ServerOptions
from serving.server.predict_runner import HeldRequests, PredictRunner
from serving.server.request_log import RequestLogs
from serving.server.versions import ConfigFileWatcher, ModelManager, Servable

_LOG = logging.getLogger(__name__)

_HEALTH_NAMES = ("", services.PREDICTION_SERVICE, services.MODEL_SERVICE)
_MAX_REQUESTS = 4096  # beyond them a request is refused rather than kept in memory


class _Watchers(collections.defaultdict):
    """Keeps the conditions that watchers of a service's health wait for, until the server ends.

    The library drops the entry when one watcher leaves, and no longer notifies the others.
    """

    def __delitem__(self, key: str) -> None:
        if key not in _HEALTH_NAMES:
            super().__delitem__(key)


class ModelServer:
    """A server that runs in this process, as a context or by `start` and `stop`.

    Like TF Serving, it opens its gRPC port only when every model has a version to serve.

    Args:
        config: the models, for instance from `model_config.single_model_config`.
        options: see `ServerOptions`.
    """

    def __init__(self, config: ModelServerConfig, options: ServerOptions | None = None) -> None:
        self.options = options or ServerOptions()
        self.metrics = Metrics()
        self._config = config
        self._health = health.aio.HealthServicer()
        self._health._server_watchers = _Watchers(asyncio.Condition)
        self._loop: EventLoop | None = None
        self._pool = futures.ThreadPoolExecutor(self.options.workers, "predict")
        self._scheduler: BatchScheduler | None = None
        self._monitoring: MonitoringServer | None = None
        self._config_watcher: ConfigFileWatcher | None = None
        self._grpc: grpc.aio.Server | None = None
        self._port = 0
        self._draining = threading.Event()
        self._stopped = threading.Event()
        self._logs = RequestLogs(self.options.request_log, self.metrics.observe_logged)
        self.manager = ModelManager(
            self._load,
            self.options.watch,
            allow_labels_for_unavailable=self.options.allow_version_labels_for_unavailable_models,
            on_change=self._show_state,
            on_config=self._logs.update,
        )

    def start(self, timeout: float | None = None) -> ModelServer:
        """Loads the models, then opens the gRPC port.

        Args:
            timeout: seconds to wait for the models; None for as long as it takes, as TF
                Serving waits while there is no version.

        Raises:
            ConfigError: a port is taken or not allowed.
            ServingError: the configuration is refused, or a model cannot be loaded.
            TimeoutError: a model had no version in time.
        """
        options = self.options
        self._check_port(options.port)
        self._loop = EventLoop()
        self._show_state()
        if options.monitoring_port is not None:
            self._check_port(options.monitoring_port)
            self._monitoring = MonitoringServer(
                self.metrics, self.manager.table.ready, options.host, options.monitoring_port
            )
        if options.batching:
            self._scheduler = BatchScheduler(
                options.batching, self.metrics.observe_batch, options.limits.max_elements
            )
        self.manager.start(self._config)
        if not self.manager.wait_available(timeout=timeout):
            if self._stopped.is_set():
                return self
            raise TimeoutError(f"no version to serve after {timeout} s")
        self._loop.run(self._open())
        if options.config_file and options.config_poll_seconds > 0:
            self._config_watcher = ConfigFileWatcher(
                options.config_file, self.manager.reload, options.config_poll_seconds
            )
        return self

    def wait(self) -> None:
        """Waits until the server is stopped."""
        self._stopped.wait()

    def cancel(self) -> None:
        """Ends a `start` that waits for a version; safe in a signal handler's thread."""
        self._stopped.set()
        self.manager.cancel_waiting()

    def stop(self, grace: float = 5.0, lame_duck: float = 0.0) -> None:
        """Refuses new requests, waits for those under way, and frees everything.

        Args:
            grace: seconds after which requests under way are cut off.
            lame_duck: seconds in which new requests are still answered, with UNAVAILABLE, so that
                clients try elsewhere; after that their connections are closed.
        """
        if self._loop:
            self._loop.run(self._health.enter_graceful_shutdown())
        self._draining.set()
        if self._grpc and lame_duck > 0:
            time.sleep(lame_duck)
        if self._config_watcher:
            self._config_watcher.stop()
        if self._grpc and self._loop:
            self._loop.run(self._grpc.stop(grace))
        self._pool.shutdown()
        if self._scheduler:
            self._scheduler.stop()
        self._logs.close()
        self.manager.stop()
        if self._monitoring:
            self._monitoring.stop()
        if self._loop:
            self._loop.stop()
            self._loop = None
        self._stopped.set()

    @property
    def port(self) -> int:
        """The gRPC port."""
        return self._port

    @property
    def target(self) -> str:
        """HOST:PORT for clients."""
        return self._address(self._port)

    @property
    def monitoring_port(self) -> int | None:
        """The HTTP port, if there is one."""
        return self._monitoring.port if self._monitoring else None

    def __enter__(self) -> ModelServer:
        try:
            return self.start()
        except BaseException:
            self.stop(grace=0)
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    async def _open(self) -> None:
        options = self.options
        server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", options.max_message_size),
                ("grpc.max_send_message_length", options.max_message_size),
                ("grpc.so_reuseport", 0),  # refuse a port that another server has
            ],
        )
        runner = PredictRunner(
            self.manager.table,
            self._pool,
            self._scheduler,
            held=HeldRequests(_MAX_REQUESTS, options.max_held_elements),
            max_rows=options.max_rows,
            limits=options.limits,
        )
        for service in (
            services.PredictionService(
                self.manager, self.metrics, self._draining, runner, self._logs
            ),
            services.ModelService(self.manager, self.metrics, self._draining),
        ):
            service.add_to(server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection(
            (*_HEALTH_NAMES[1:], health.SERVICE_NAME, reflection.SERVICE_NAME), server
        )
        address = self._address(options.port)
        try:
            if options.tls:
                self._port = server.add_secure_port(address, options.tls.credentials())
            else:
                self._port = server.add_insecure_port(address)
        except (RuntimeError, ValueError) as error:
            raise ConfigError(f"cannot listen on {address}: {error}") from error
        await server.start()
        self._grpc = server
        _LOG.debug("Running gRPC ModelServer at %s", self.target)

    def _load(self, name: str, version: int, path: str) -> Servable:
        threads = self.options.session_parallelism
        servable = Servable.load(
            name,
            version,
            path,
            config_pb2.ConfigProto(
                intra_op_parallelism_threads=threads,
                inter_op_parallelism_threads=threads,
                gpu_options=config_pb2.GPUOptions(allow_growth=True),
                # A thread that spins for its next operation takes the processor from the event
                # loop, which has the next requests to read: it cost a fifth of all CPU time.
                experimental=config_pb2.ConfigProto.Experimental(disable_thread_spinning=True),
            ),
        )
        try:
            if self.options.enable_model_warmup:
                warmup.run_warmup(servable, path)
        except BaseException:
            servable.close()
            raise
        return servable

    def _show_state(self) -> None:
        self.metrics.set_loaded(self.manager.table.loaded())
        status = (
            health_pb2.HealthCheckResponse.SERVING
            if self.manager.table.ready()
            else health_pb2.HealthCheckResponse.NOT_SERVING
        )
        if self._loop:
            for name in _HEALTH_NAMES:
                self._loop.submit(self._health.set(name, status))

    def _check_port(self, port: int) -> None:
        """Reports a taken port at once, before the models are loaded."""
        host = self.options.host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            with socket.create_server((host, port), family=family):
                pass
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {self._address(port)}: {error.strerror or error}"
            ) from error

    def _address(self, port: int) -> str:
        host = self.options.host
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
