"""Messages to a broker and from it."""

from __future__ import annotations

from collections.abc import Iterable

import confluent_kafka as ck


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
