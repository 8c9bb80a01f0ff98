"""How training reports how far it is: records of one logger, which the console may show."""

from __future__ import annotations

import contextlib
import contextvars
import logging
from collections.abc import Iterator
from typing import Final, NamedTuple

LOGGER_NAME: Final = "segue.progress"

_logger = logging.getLogger(LOGGER_NAME)


class _Part(NamedTuple):
    number: int
    total: int
    text: str


_part: contextvars.ContextVar[_Part | None] = contextvars.ContextVar("part", default=None)


def report(completed: int, total: int, text: str) -> None:
    """Logs one step of progress.

    Args:
        completed: steps done.
        total: steps in all.
        text: what to show beside it, such as "iteration 3, loss 1.2".
    """
    part = _part.get()
    if part is None:
        _log(completed, total, text)
    else:
        share = completed / total if total else 0.0
        _log(round(part.number + share, 3), part.total, f"{part.text} · {text}")


@contextlib.contextmanager
def part(number: int, total: int, text: str) -> Iterator[None]:
    """Counts what is reported within the block as progress of one of several like parts.

    Args:
        number: of the part, from 0.
        total: how many parts there are.
        text: what to show before that of each step, such as "trial 3 of 20".
    """
    token = _part.set(_Part(number, total, text))
    try:
        yield
    finally:
        _part.reset(token)


def _log(completed: float, total: int, text: str) -> None:
    progress = {"completed": completed, "total": total, "text": text}
    _logger.info("%s/%d %s", completed, total, text, extra={"progress": progress})
