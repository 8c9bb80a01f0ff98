"""librdkafka's own mock broker, for tests and measurements: in this process, at 127.0.0.1."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import confluent_kafka as ck


@contextlib.contextmanager
def mock_broker() -> Iterator[str]:
    """Runs one while the block runs; topics are made by their first message, of four partitions.

    Yields:
        Its address.
    """
    producer = ck.Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1})
    (broker,) = producer.list_topics(timeout=30).brokers.values()
    yield f"{broker.host}:{broker.port}"
    producer.flush(10)
