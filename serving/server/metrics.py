"""Prometheus metrics of a server, with its liveness and readiness, over HTTP.

`/metrics` (and TF Serving's `/monitoring/prometheus/metrics`), `/livez`, `/readyz`.
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref import simple_server

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_ROWS = tuple(float(2**power) for power in range(11))
_METRICS_PATHS = ("/metrics", "/monitoring/prometheus/metrics")


class Metrics:
    """The metrics of one server.

    Attributes:
        registry: the registry that holds them.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "segue_serving_requests",
            "Requests answered, by status code.",
            ["model", "method", "code"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "segue_serving_request_seconds",
            "Seconds from a request's arrival in its handler to its answer.",
            ["model", "method"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._batch_rows = Histogram(
            "segue_serving_batch_rows",
            "Rows of the batches that were run.",
            buckets=_ROWS,
            registry=self.registry,
        )
        self._logged = Counter(
            "segue_serving_logged_requests",
            "Requests that were to be logged: written, dropped for lack of room, failed to write.",
            ["outcome"],
            registry=self.registry,
        )
        self._loaded = Gauge(
            "segue_serving_model_version_loaded",
            "1 for every version that is available.",
            ["model", "version"],
            registry=self.registry,
        )
        self._models: frozenset[str] = frozenset()
        self._shown: set[tuple[str, str]] = set()

    def observe_request(self, model: str, method: str, code: str, seconds: float) -> None:
        """Counts a request. Unknown models share one label, so that requests cannot add labels."""
        label = model if model in self._models else "unknown"
        self._requests.labels(label, method, code).inc()
        self._seconds.labels(label, method).observe(seconds)

    def observe_batch(self, rows: int) -> None:
        """Counts a batch."""
        self._batch_rows.observe(rows)

    def observe_logged(self, outcome: str, requests: int) -> None:
        """Counts requests that were to be logged."""
        self._logged.labels(outcome).inc(requests)

    def set_loaded(self, loaded: dict[str, list[int]]) -> None:
        """Says which versions are available."""
        self._models = frozenset(loaded)
        present = {(model, str(v)) for model, versions in loaded.items() for v in versions}
        for gone in self._shown - present:
            self._loaded.remove(*gone)
        for labels in present:
            self._loaded.labels(*labels).set(1)
        self._shown = present


class MonitoringServer:
    """The HTTP endpoint.

    Args:
        metrics: what to show.
        ready: whether requests would be answered.
        host: address to bind to.
        port: port, 0 for a free one.

    Raises:
        OSError: the port cannot be had.
    """

    def __init__(self, metrics: Metrics, ready: Callable[[], bool], host: str, port: int) -> None:
        self._show = prometheus_client.make_wsgi_app(metrics.registry)
        self._ready = ready
        self._server = simple_server.make_server(
            host, port, self._answer, _ThreadingServer, _QuietHandler
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="monitoring", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.server_port

    def stop(self) -> None:
        """Ends the endpoint."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        if path in _METRICS_PATHS:
            return self._show(environ, start_response)
        if path == "/livez":
            status, body = "200 OK", b"alive\n"
        elif path == "/readyz":
            ready = self._ready()
            status = "200 OK" if ready else "503 Service Unavailable"
            body = b"ready\n" if ready else b"not every model has an available version\n"
        else:
            status = "404 Not Found"
            body = f"there are /livez, /readyz, {', '.join(_METRICS_PATHS)}\n".encode()
        start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
        return [body]


class _ThreadingServer(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    """One slow reader does not keep the others waiting."""

    daemon_threads = True


class _QuietHandler(simple_server.WSGIRequestHandler):
    """Does not write a line to stderr for every scrape."""

    def log_message(self, format: str, *args: Any) -> None:
        """Drops the line."""
