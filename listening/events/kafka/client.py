"""The client that sends, wherever events leave from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import confluent_kafka as ck

from listening.events.kafka.trouble import quiet, text
from listening.events.sources import SourceError


def producer(settings: Mapping[str, Any], more: Mapping[str, Any]) -> ck.Producer:
    """Opens a client whose own retries make no second message.

    Args:
        settings: of librdkafka; they decide over all that is set here.
        more: what this use sets.

    Raises:
        SourceError: the settings are refused.
    """
    ours = {
        "enable.idempotence": True,
        "partitioner": "murmur2_random",  # as Java's client chooses
        "linger.ms": 20,
        "queue.buffering.max.kbytes": 65_536,
    }
    try:
        return ck.Producer({**ours, **more, **settings}, logger=quiet())
    except ck.KafkaException as error:
        raise SourceError(f"Kafka's client refuses its settings: {text(error)}") from None
