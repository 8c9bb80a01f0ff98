"""Prometheus metrics of a gateway: none has a label that a request could fill at will."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from gateway.exposures import LOGGED
from gateway.requests import Answer

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


class Metrics:
    """The metrics of one gateway.

    Args:
        exposures: answers by what became of their exposure.
        waiting: answers whose exposure waits.
        jumps: of the clock.

    Attributes:
        registry: the registry that holds them.
    """

    def __init__(
        self,
        exposures: Callable[[], Mapping[str, int]],
        waiting: Callable[[], int],
        jumps: Callable[[], int],
    ) -> None:
        self.registry = CollectorRegistry()
        self._answers = Counter(
            "segue_gateway_answers",
            "Answers, by surface and by where their tracks come from.",
            ["surface", "served_by"],
            registry=self.registry,
        )
        self._arms = Counter(
            "segue_gateway_arms",
            "Answers within experiments.",
            ["experiment", "arm", "served_by"],
            registry=self.registry,
        )
        self._fallbacks = Counter(
            "segue_gateway_fallbacks",
            "What would have answered and did not, by why.",
            ["source", "reason"],
            registry=self.registry,
        )
        self._refused = Counter(
            "segue_gateway_refused",
            "Requests that were not answered, by status.",
            ["status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "segue_gateway_answer_seconds",
            "Seconds from a request to its answer.",
            ["surface"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._model_seconds = Histogram(
            "segue_gateway_model_seconds",
            "Seconds of those that the model server took.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.registry.register(_Exposures(exposures, waiting, jumps))

    def answered(self, answer: Answer, seconds: float) -> None:
        """Counts an answer."""
        self._answers.labels(answer.surface, answer.served_by).inc()
        if answer.experiment is not None:
            self._arms.labels(answer.experiment, answer.arm or "", answer.served_by).inc()
        for each in answer.fallbacks:
            self._fallbacks.labels(each.tried, each.reason).inc()
        self._seconds.labels(answer.surface).observe(seconds)

    def model_took(self, seconds: float) -> None:
        """Notes how long the model server took, also where it failed."""
        self._model_seconds.observe(seconds)

    def refused(self, status: int) -> None:
        """Counts a request that was refused."""
        self._refused.labels(str(status)).inc()

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return prometheus_client.generate_latest(self.registry)


class _Exposures:
    """Reads what the log of exposures counts itself."""

    def __init__(
        self,
        exposures: Callable[[], Mapping[str, int]],
        waiting: Callable[[], int],
        jumps: Callable[[], int],
    ) -> None:
        self._exposures, self._waiting, self._jumps = exposures, waiting, jumps

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """See prometheus_client."""
        counts = self._exposures()
        logged = CounterMetricFamily(
            "segue_gateway_exposures_logged", "Answers whose exposure is logged."
        )
        logged.add_metric([], counts.get(LOGGED, 0))
        yield logged
        unlogged = CounterMetricFamily(
            "segue_gateway_exposures_unlogged", "Answers whose exposure is not.", labels=["reason"]
        )
        for reason, count in counts.items():
            if reason != LOGGED:
                unlogged.add_metric([reason], count)
        yield unlogged
        waiting = GaugeMetricFamily("segue_gateway_exposures_waiting", "Answers that wait.")
        waiting.add_metric([], self._waiting())
        yield waiting
        jumps = CounterMetricFamily("segue_gateway_clock_jumps", "Jumps of the clock.")
        jumps.add_metric([], self._jumps())
        yield jumps
