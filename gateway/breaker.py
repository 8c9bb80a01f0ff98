"""A breaker: what failed several times in a row is left alone until one request tries again."""

from __future__ import annotations

import time
from collections.abc import Callable

from gateway.configuration import Breaker as BreakerOptions


class Breaker:
    """Counts failures of one thing that is asked over and over; one thread uses it.

    Requests that were under way when one failed count as one with it: a moment's trouble is no more
    than one failure, however many met it.

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
        self._failed_at = float("-inf")

    @property
    def is_open(self) -> bool:
        """Whether it is open, also while somebody tries."""
        return self._failures >= self._options.failures

    def began(self) -> float | None:
        """When a request began; None for not to ask: while it is open, one in a while does."""
        now = self._clock()
        if self.is_open:
            if now < self._closed_again:
                return None
            self._closed_again = now + self._options.seconds
        return now

    def succeeded(self) -> None:
        """Closes it."""
        self._failures = 0

    def failed(self, began: float) -> None:
        """Counts a failure, which may open it.

        Args:
            began: when the request did.
        """
        if began < self._failed_at:
            return
        self._failed_at = self._clock()
        self._failures += 1
        if self.is_open:
            self._closed_again = self._failed_at + self._options.seconds
