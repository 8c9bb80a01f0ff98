"""The time of events: the machine's clock, but for its jumps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

#: Seconds that the clock may be set by at once; more is a jump.
_STEP: Final = 60.0
#: Seconds after which a jump is believed.
_PATIENCE: Final = 600.0


class EventClock:
    """Tells the time in microseconds since 1970.

    A clock that jumps by more than a minute is not believed for ten minutes: until then time goes
    on from where it was, so that events keep their order and none is of another day by mistake.

    Args:
        wall: seconds since 1970, which may jump.
        steady: seconds that never go back.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall, self._steady = wall, steady
        self._told, self._at = wall(), steady()
        self._jumped_at: float | None = None
        self.jumps = 0

    def now(self) -> int:
        """The time, in microseconds since 1970."""
        wall, steady = self._wall(), self._steady()
        expected = self._told + (steady - self._at)
        if abs(wall - expected) <= _STEP:
            self._jumped_at = None
        else:
            if self._jumped_at is None:
                self._jumped_at = steady
                self.jumps += 1
            if steady - self._jumped_at < _PATIENCE:
                return int(expected * 1e6)
            self._jumped_at = None
        self._told, self._at = wall, steady
        return int(wall * 1e6)
