"""Events from files of JSON lines to a topic of Kafka."""

from __future__ import annotations

import dataclasses
import re
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import confluent_kafka as ck

from listening.events.kafka.client import producer
from listening.events.kafka.trouble import ASK_SECONDS, Trouble
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
        SourceError: the settings are refused, no broker answers, or none takes anything for a
            minute.
        OSError: a file cannot be read.
    """
    sender = _Sender(topic, settings)
    for path in paths:
        with open(path, "rb") as lines:
            for line in lines:
                if stop is not None and stop.is_set():
                    break
                if value := line.rstrip(b"\r\n"):
                    sender.send(value)
    sender.finish()
    return sender.done


class _Sender:
    def __init__(self, topic: str, settings: Mapping[str, Any]) -> None:
        self.done = Produced()
        self._topic = topic
        self._trouble = Trouble(str(settings["bootstrap.servers"]))
        ours = {"message.max.bytes": _LONGEST, "error_cb": self._trouble.note}
        self._producer = producer(settings, ours)
        try:
            self._producer.list_topics(topic, timeout=ASK_SECONDS)
        except ck.KafkaException as error:
            self._producer.poll(0)  # which tells what went wrong
            raise SourceError(self._trouble.unreachable(error)) from None

    def send(self, value: bytes) -> None:
        """Hands a message to the client, and waits where that holds enough already."""
        found = _LISTENER.search(value)
        key = found[1] if found else None
        waited = 0.0
        while True:
            try:
                self._producer.produce(self._topic, value, key, on_delivery=self._delivered)
            except BufferError:
                if waited >= _WAIT_SECONDS:
                    raise SourceError(
                        f"no broker has taken a message for {_WAIT_SECONDS:.0f} s"
                        f"{self._trouble.told()}"
                    ) from None
                waited = 0.0 if self._producer.poll(0.5) else waited + 0.5
            except ck.KafkaException as error:
                self.done.failed[error.args[0].name()] += 1
                return
            else:
                self._producer.poll(0)
                return

    def finish(self) -> None:
        """Waits until all has arrived."""
        if left := self._producer.flush(_WAIT_SECONDS):
            raise SourceError(
                f"{left:,} messages were not taken within {_WAIT_SECONDS:.0f} s"
                f"{self._trouble.told()}"
            )

    def _delivered(self, error: Any, _: Any) -> None:
        if error is None:
            self.done.sent += 1
        else:
            self.done.failed[error.name()] += 1
