"""Prometheus metrics of a lander: how far behind it is, and what became of messages."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from typing import Final

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge

from listening.events.sources import Source
from listening.events.store import Store
from schema.events import Manifest

HOST: Final = "127.0.0.1"


class LandingMetrics:
    """The metrics of one lander.

    Attributes:
        registry: the registry that holds them.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

        def counter(name: str, told: str, *labels: str) -> Counter:
            return Counter(f"segue_events_{name}", told, labels, registry=self.registry)

        self._landed = counter("landed", "Events that landed.")
        self._duplicates = counter("duplicates", "Copies that were left out.")
        self._refused = counter("dead_letters", "Messages that were set aside.", "reason")
        self._commits = counter("commits", "Ranges of offsets that landed.")
        self._waiting = Gauge(
            "segue_events_lag",
            "What is there and was not read: messages of Kafka, bytes of a file.",
            ["partition"],
            registry=self.registry,
        )
        self._freshness = Gauge(
            "segue_events_freshness_seconds",
            "Seconds since the newest event that landed happened; NaN before one has.",
            registry=self.registry,
        )
        self._newest = float("nan")
        self._freshness.set_function(lambda: time.time() - self._newest)
        self._last = Gauge(
            "segue_events_last_commit_timestamp_seconds",
            "When something landed last, in seconds since 1970.",
            registry=self.registry,
        )

    def landed(self, manifest: Manifest) -> None:
        """Counts a range."""
        self._landed.inc(sum(file.rows for file in manifest.events))
        self._duplicates.inc(manifest.duplicates)
        for reason, count in manifest.refused.items():
            self._refused.labels(reason).inc(count)
        self._commits.inc()
        self._last.set(manifest.landed_at / 1e6)
        self._saw(manifest.newest)

    def looked(self, source: Source, store: Store) -> None:
        """Says how far behind it is, of what landed before this lander too."""
        if math.isnan(self._newest):
            for manifest in store.landed.values():
                self._saw(manifest.newest)
        for partition, waiting in source.waiting().items():
            self._waiting.labels(str(partition)).set(waiting)

    def flushed(self, source: Source, store: Store, *, ended: bool) -> None:
        """Says how far behind it is."""
        self.looked(source, store)

    def _saw(self, newest: int | None) -> None:
        # NaN is not less than anything.
        if newest is not None and not self._newest >= newest / 1e6:
            self._newest = newest / 1e6


@contextlib.contextmanager
def served(metrics: LandingMetrics, port: int) -> Iterator[int]:
    """Shows metrics at http://127.0.0.1:PORT/metrics while the block runs.

    Args:
        metrics: what to show.
        port: 0 for a free one.

    Yields:
        The port.

    Raises:
        OSError: it cannot be had.
    """
    server, thread = prometheus_client.start_http_server(port, HOST, metrics.registry)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
