"""The name of a run in the names of its Dataflow jobs, which is known in the container only."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Final

#: Stands in a specification for the name: every run of it, as by a schedule, has another one.
PLACEHOLDER: Final = "run-of-container"


def fill_in(arguments: Iterable[str], now: datetime.datetime | None = None) -> list[str]:
    """Puts the time in the place of the name.

    Args:
        arguments: Beam's.
        now: the time; None: now.
    """
    now = now or datetime.datetime.now(datetime.timezone.utc)
    name = f"{now:%Y%m%d-%H%M%S}"
    return [argument.replace(PLACEHOLDER, name) for argument in arguments]
