"""Events of a running service to a topic: neither a broker that is gone nor a slow one stops it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import confluent_kafka as ck

from listening.events.kafka.client import producer

_CLOSE_POLL: Final = 0.05


class KafkaSink:
    """Sends groups of events that are safe together; one thread uses it.

    Args:
        topic: its name.
        settings: of librdkafka.
        deadline_ms: after which an event that no broker took is given up.

    Raises:
        SourceError: the settings are refused.
    """

    def __init__(self, topic: str, settings: Mapping[str, Any], deadline_ms: int) -> None:
        self._topic = topic
        self._producer = producer(settings, {"message.timeout.ms": deadline_ms})

    def send(self, key: bytes, lines: Sequence[bytes], done: Callable[[bool], None]) -> None:
        """Hands a group to the client.

        Args:
            key: of all of them, which brings them to one partition in order.
            lines: the events.
            done: is told once whether all of them have arrived.
        """
        group = _Group(len(lines), done)
        for line in lines:
            try:
                self._producer.produce(self._topic, line, key, on_delivery=group.delivered)
            except (BufferError, ck.KafkaException):
                group.delivered(True, None)

    def work(self) -> None:
        """Hears what has arrived."""
        self._producer.poll(0)

    def close(self, seconds: float) -> None:
        """Waits for what is on its way, and gives up what is left then."""
        if self._producer.flush(seconds):
            self._producer.purge()
            self._producer.flush(_CLOSE_POLL)


class _Group:
    """Counts what has become of a group's events."""

    def __init__(self, left: int, done: Callable[[bool], None]) -> None:
        self._left, self._done, self._safe = left, done, True

    def delivered(self, error: Any, _: Any) -> None:
        self._left -= 1
        self._safe = self._safe and error is None
        if self._left == 0:
            self._done(self._safe)
