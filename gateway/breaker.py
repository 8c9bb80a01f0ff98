"""A breaker: what failed several times in a row is left alone until one request tries again."""

from __future__ import annotations

import time
from collections.abc import Callable

from gateway.configuration import Breaker as BreakerOptions


class Breaker:
    """Counts failures of one thing that is asked over and over; one thread uses it.

    Args:
        options: when it opens, and for how long.
        clock: seconds that never go back.
    """

    def __init__(
        self, options: BreakerOptions, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._options = options
        self._clock = clock
        self._failures = 0
        self._closed_again = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it is open, also while somebody tries."""
        return self._failures >= self._options.failures

    def may_try(self) -> bool:
        """Whether to ask: while it is open only one request in a while is let through."""
        if not self.is_open:
            return True
        now = self._clock()
        if now < self._closed_again:
            return False
        self._closed_again = now + self._options.seconds
        return True

    def succeeded(self) -> None:
        """Closes it."""
        self._failures = 0

    def failed(self) -> None:
        """Counts a failure, which may open it."""
        self._failures += 1
        if self.is_open:
            self._closed_again = self._clock() + self._options.seconds
