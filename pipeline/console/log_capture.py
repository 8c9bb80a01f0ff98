"""Keeps the console for Segue: whatever else prints goes to the run's log file."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from typing import IO

_FORMAT = "%(asctime)s %(levelname).1s %(name)s: %(message)s"


@contextlib.contextmanager
def console_apart(log_path: str) -> Iterator[IO[str]]:
    """Sends everything printed or logged to a file and hands out the real console.

    TensorFlow writes to file descriptor 2 from C++, Beam and TFX log and warn: catching only
    Python's streams would not do, so the descriptors themselves are replaced.

    Args:
        log_path: the file to append to.

    Yields:
        A text stream on what was standard output before.
    """
    os.makedirs(os.path.dirname(os.path.abspath(log_path)), exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with contextlib.ExitStack() as stack:
        console = stack.enter_context(os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1))
        log = stack.enter_context(open(log_path, "a", encoding="utf-8", buffering=1))
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        # Where somebody put other streams in place of the descriptors, as notebooks do.
        stack.enter_context(contextlib.redirect_stdout(log))
        stack.enter_context(contextlib.redirect_stderr(log))
        handler = logging.StreamHandler(log)
        handler.setFormatter(logging.Formatter(_FORMAT))
        root = logging.getLogger()
        before, level = root.handlers[:], root.level
        root.handlers[:] = [handler]
        root.setLevel(logging.INFO)
        logging.captureWarnings(True)
        _quieten_absl()
        try:
            yield console
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            logging.captureWarnings(False)
            root.handlers[:] = before
            root.setLevel(level)
            os.dup2(saved[0], 1)
            os.dup2(saved[1], 2)
            for descriptor in saved:
                os.close(descriptor)


def _quieten_absl() -> None:
    """Lets absl's messages reach the root logger only, at the level of the root."""
    from absl import logging as absl_logging

    absl_logging.set_verbosity(absl_logging.INFO)
    absl_logger = absl_logging.get_absl_logger()
    absl_logger.handlers[:] = []
    absl_logger.propagate = True
