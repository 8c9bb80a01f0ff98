"""How many requests are taken: of one client in a second, and of all at a time."""

from __future__ import annotations

import collections
import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Final

from gateway.configuration import Limits
from gateway.requests import TooManyError

_CLIENTS: Final = 10_000  # that are kept in mind


class Gate:
    """Lets requests in; of one event loop.

    Args:
        limits: what is allowed.
        clock: seconds that never go back.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock = limits, clock
        self._inside = 0
        # Tokens that a client had, and when; who asked longest ago is first.
        self._tokens: collections.OrderedDict[str, tuple[float, float]] = collections.OrderedDict()

    @contextlib.contextmanager
    def passed(self, client: str) -> Iterator[None]:
        """Counts a request in, and out again.

        Args:
            client: its address.

        Raises:
            TooManyError: it has asked for too much, or all have.
        """
        if self._inside >= self._limits.concurrent:
            raise TooManyError("too many requests at a time")
        if not self._takes_token(client):
            raise TooManyError("too many requests of one client")
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    def _takes_token(self, client: str) -> bool:
        now = self._clock()
        left, since = self._tokens.pop(client, (float(self._limits.burst), now))
        left = min(self._limits.burst, left + (now - since) * self._limits.per_second)
        allowed = left >= 1
        self._tokens[client] = (left - 1 if allowed else left), now
        if len(self._tokens) > _CLIENTS:
            self._tokens.popitem(last=False)
        return allowed
