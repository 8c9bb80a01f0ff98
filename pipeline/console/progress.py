"""The channel from training code to the console.

Models know nothing of the console. They log to the logger `segue.progress`, with the numbers beside
the message:

    logging.getLogger("segue.progress").info(
        "epoch 1 done", extra={"progress": {"completed": 1, "total": 4, "text": "loss 1.23"}}
    )

Without a console that is an ordinary line of the log.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from typing import Protocol

from models.progress import LOGGER_NAME


class ProgressSink(Protocol):
    """What progress is shown on."""

    def component_progress(
        self, name: str | None, completed: float | None, total: float | None, text: str
    ) -> None:
        """Shows how far a component is, the running one where none is named."""

    def close(self) -> None:
        """Ends the display of progress."""


class ProgressHandler(logging.Handler):
    """Forwards the records that carry `progress` to a sink."""

    def __init__(self, sink: ProgressSink) -> None:
        super().__init__(logging.INFO)
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        """Forwards one record; a record that cannot be shown never stops training."""
        progress = getattr(record, "progress", None)
        if not isinstance(progress, Mapping):
            return
        try:
            component = progress.get("component")
            self._sink.component_progress(
                component if isinstance(component, str) else None,
                _number(progress.get("completed")),
                _number(progress.get("total")),
                str(progress.get("text", "")),
            )
        except Exception:
            self.handleError(record)


@contextlib.contextmanager
def progress_to(sink: ProgressSink) -> Iterator[None]:
    """Shows progress on a sink while the block runs, and ends its display afterwards."""
    logger = logging.getLogger(LOGGER_NAME)
    handler = ProgressHandler(sink)
    level = logger.level
    logger.addHandler(handler)
    if not logger.isEnabledFor(logging.INFO):
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        sink.close()


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)  # type: ignore[arg-type]  # NumPy's numbers are neither int nor float
    except (TypeError, ValueError):
        return None
