"""How training tells the console how far it is: records of one logger, which a run may show."""

from __future__ import annotations

import logging
from typing import Final

LOGGER_NAME: Final = "segue.progress"

_logger = logging.getLogger(LOGGER_NAME)


def report(completed: int, total: int, text: str) -> None:
    """Logs one step of progress.

    Args:
        completed: steps done.
        total: steps in all.
        text: what to show beside it, such as "iteration 3, loss 1.2".
    """
    progress = {"completed": completed, "total": total, "text": text}
    _logger.info("%d/%d %s", completed, total, text, extra={"progress": progress})
