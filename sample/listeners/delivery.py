"""How events arrive: most after some seconds, some late, some twice, some spoilt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import orjson

from sample.listeners.faults import FAULT_NAMES, FAULTS
from sample.listeners.kinds import (
    DELIVERY,
    DUPLICATE_SHARE,
    HOUR,
    LATE_SHARE,
    MALFORMED_SHARE,
    WorldSize,
)

_SECOND: Final = 1_000_000
_USUAL: Final = 2 * _SECOND  # the mean delay
#: An event is late when it arrives so much later than it happened, or more.
LATE: Final = HOUR
LATEST: Final = 48 * HOUR
_AGAIN: Final = 600 * _SECOND  # the mean time until a copy arrives


class Message(NamedTuple):
    """What arrives.

    Attributes:
        arrival: when, in microseconds since 1970.
        number: of the event among the listener's.
        copy: 0 for the first time that it arrives, 1 for the second.
        content: a line without its end.
        fault: "late", "duplicate", or "malformed"; None for all others. A copy of a late event is a
            duplicate.
        reason: for which a malformed one is refused.
    """

    arrival: int
    number: int
    copy: int
    content: bytes
    fault: str | None
    reason: str | None


def deliver(size: WorldSize, number: int, events: Sequence[dict[str, Any]]) -> Iterator[Message]:
    """Sends a listener's events.

    Args:
        size: of the world.
        number: the listener's.
        events: by time.
    """
    count = len(events)
    rng = np.random.default_rng([size.seed, DELIVERY, number])
    is_malformed, is_late, is_twice = (
        (rng.random(count) < share).tolist()
        for share in (MALFORMED_SHARE, LATE_SHARE, DUPLICATE_SHARE)
    )
    usual = np.minimum(rng.exponential(_USUAL, count), LATE - 1)
    # As many between one hour and two as between 24 and 48.
    late = LATE * (LATEST / LATE) ** rng.random(count)
    again = rng.exponential(_AGAIN, count).astype(np.int64).tolist()
    how = rng.integers(len(FAULT_NAMES), size=count).tolist()
    delays = np.where(is_late, late, usual).astype(np.int64).tolist()
    for index, event in enumerate(events):
        arrival = event["event_time"] + delays[index]
        if is_malformed[index]:
            reason = FAULT_NAMES[how[index]]
            yield Message(arrival, index, 0, FAULTS[reason](event), "malformed", reason)
            continue
        content = orjson.dumps(event)
        yield Message(arrival, index, 0, content, "late" if is_late[index] else None, None)
        if is_twice[index]:
            yield Message(arrival + again[index], index, 1, content, "duplicate", None)
