"""What goes wrong between a client of Kafka and its brokers, told in their own words."""

from __future__ import annotations

import logging
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException

#: For how long brokers are asked what they have.
ASK_SECONDS: Final = 15.0


class Trouble:
    """What a client complained of last; `note` is its `error_cb`.

    Args:
        brokers: where it looks for them, as it was told.
    """

    def __init__(self, brokers: str) -> None:
        self._brokers = brokers
        self._last: Any = None

    def note(self, error: Any) -> None:
        """Takes note of an error."""
        # That all brokers are down says less than why they are.
        if self._last is None or error.code() != KafkaError._ALL_BROKERS_DOWN:
            self._last = error

    def told(self) -> str:
        """The last error in brackets, after a space; nothing where there was none."""
        return "" if self._last is None else f" ({self._last.str()})"

    def unreachable(self, error: KafkaException) -> str:
        """A sentence for brokers that do not answer at all."""
        code = None if self._last is None else self._last.code()
        if code == KafkaError._AUTHENTICATION:
            return f"{self._brokers} refuses the login: {self._last.str()}"
        if code == KafkaError._SSL:
            return f"there is no TLS with {self._brokers}: {self._last.str()}"
        return f"no broker answers at {self._brokers}: {text(error)}{self.told()}"


def text(error: KafkaException) -> str:
    """What an exception of the client says."""
    found = error.args[0] if error.args else error
    return str(found.str() if isinstance(found, KafkaError) else found)


def quiet() -> logging.Logger:
    """Takes librdkafka's log, which goes to standard error otherwise; errors are told by us."""
    logger = logging.getLogger("segue.kafka")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return logger
