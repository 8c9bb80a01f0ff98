"""Announcements to a control topic of Kafka, a message an hour that has landed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import confluent_kafka as ck

from listening.events.kafka.trouble import Trouble, quiet, text
from listening.events.sources import SourceError

_WAIT_SECONDS: Final = 30.0


def sender(
    settings: Mapping[str, Any], topic: str
) -> Callable[[Sequence[tuple[str, bytes]]], None]:
    """Sends pairs of key and value to a topic, and waits until every replica has them.

    The sender raises SourceError where no broker takes them.
    """
    trouble = Trouble(str(settings["bootstrap.servers"]))
    ours = {"enable.idempotence": True, "linger.ms": 0, "error_cb": trouble.note}
    try:
        producer = ck.Producer({**ours, **settings}, logger=quiet())
    except ck.KafkaException as error:
        raise SourceError(f"Kafka's client refuses its settings: {text(error)}") from None

    def send(messages: Sequence[tuple[str, bytes]]) -> None:
        errors: list[str] = []

        def delivered(error: Any, _: Any) -> None:
            if error is not None:
                errors.append(error.str())

        for key, value in messages:
            producer.produce(topic, value, key, on_delivery=delivered)
        if producer.flush(_WAIT_SECONDS) or errors:
            silent = f"no broker answered for {_WAIT_SECONDS:.0f} s{trouble.told()}"
            told = errors[0] if errors else silent
            raise SourceError(f"landed hours cannot be announced to {topic}: {told}")

    return send
