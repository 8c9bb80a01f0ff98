"""librdkafka's own mock cluster: a broker within this process, at a port of 127.0.0.1."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

import confluent_kafka as ck


@contextlib.contextmanager
def mock_broker() -> Iterator[str]:
    """Its address; topics are made by the first message, with four partitions."""
    producer = ck.Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1})
    (broker,) = producer.list_topics(timeout=30).brokers.values()
    yield f"{broker.host}:{broker.port}"
    producer.flush(10)


def send(brokers: str, topic: str, messages: Iterable[bytes | None], partition: int = 0) -> None:
    """Sends messages to a partition, and waits until they are there."""
    producer = ck.Producer({"bootstrap.servers": brokers, "message.max.bytes": 16 << 20})
    for each in messages:
        producer.produce(topic, each, partition=partition)
    assert producer.flush(60) == 0


def received(brokers: str, topic: str, count: int) -> list[tuple[bytes, bytes]]:
    """Keys and values of the first messages of a topic."""
    consumer = ck.Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": f"reader-{topic}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
    consumer.assign([ck.TopicPartition(topic, each, ck.OFFSET_BEGINNING) for each in partitions])
    found: list[tuple[bytes, bytes]] = []
    for _ in range(100):
        if len(found) >= count:
            break
        for message in consumer.consume(count, 1):
            assert message.error() is None
            found.append((message.key(), message.value()))
    consumer.close()
    return found
