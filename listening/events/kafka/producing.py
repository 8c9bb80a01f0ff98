"""Events from files of JSON lines to a topic of Kafka."""

from __future__ import annotations

import dataclasses
import re
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import confluent_kafka as ck

from listening.events.sources import SourceError

#: Events of a listener go to one partition, in order. What is no event is sent too, as it is.
_LISTENER: Final = re.compile(rb'"listener_id"\s*:\s*"([0-9a-f]{32})"')
_LONGEST: Final = 16 << 20
_WAIT_SECONDS: Final = 60.0


@dataclasses.dataclass
class Produced:
    """What became of lines.

    Attributes:
        sent: lines that every replica has.
        failed: lines that no broker took, by reason.
    """

    sent: int = 0
    failed: Counter[str] = dataclasses.field(default_factory=Counter)


def produce(
    paths: Iterable[str],
    topic: str,
    settings: Mapping[str, Any],
    stop: threading.Event | None = None,
) -> Produced:
    """Sends every line that is not blank.

    The client numbers what it sends, so that a retry of its own is no second message; whoever
    sends the files again sends copies, which the lander knows by their keys.

    Args:
        paths: files, one after the other.
        topic: its name.
        settings: of librdkafka.
        stop: set by another thread, it ends after what was sent.

    Raises:
        SourceError: the settings are refused, or no broker takes anything for a minute.
        OSError: a file cannot be read.
    """
    done = Produced()
    ours = {
        "enable.idempotence": True,
        "partitioner": "murmur2_random",  # as Java's client chooses
        "linger.ms": 20,
        "message.max.bytes": _LONGEST,
        "queue.buffering.max.kbytes": 65_536,
    }

    def delivered(error: Any, _: Any) -> None:
        if error is None:
            done.sent += 1
        else:
            done.failed[error.name()] += 1

    try:
        producer = ck.Producer({**ours, **settings})
    except ck.KafkaException as error:
        raise SourceError(f"Kafka's client refuses its settings: {error}") from None
    for path in paths:
        with open(path, "rb") as lines:
            for line in lines:
                if stop is not None and stop.is_set():
                    break
                if value := line.rstrip(b"\r\n"):
                    _send(producer, topic, value, delivered, done)
    if left := producer.flush(_WAIT_SECONDS):
        raise SourceError(f"{left:,} messages were not taken within {_WAIT_SECONDS:.0f} s")
    return done


def _send(producer: Any, topic: str, value: bytes, delivered: Any, done: Produced) -> None:
    found = _LISTENER.search(value)
    key = found[1] if found else None
    waited = 0.0
    while True:
        try:
            producer.produce(topic, value, key, on_delivery=delivered)
        except BufferError:
            if waited >= _WAIT_SECONDS:
                raise SourceError(
                    f"no broker has taken a message for {_WAIT_SECONDS:.0f} s"
                ) from None
            waited = 0.0 if producer.poll(0.5) else waited + 0.5
        except ck.KafkaException as error:
            done.failed[error.args[0].name()] += 1
            return
        else:
            producer.poll(0)
            return
