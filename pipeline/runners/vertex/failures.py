"""Leaves the words of a failed component where the submitting side finds them."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator
from typing import Final

from tfx.dsl.io import fileio

from pipeline.runners.vertex.tasks import ERROR_FILE

_LINES: Final = 40


@contextlib.contextmanager
def told(output_file: str) -> Iterator[None]:
    """Writes the last lines of an exception beside a task's output file, and lets it pass.

    Args:
        output_file: local or remote path.
    """
    try:
        yield
    except BaseException:
        lines = traceback.format_exc().splitlines()[-_LINES:]
        folder = output_file.rpartition("/")[0]
        with contextlib.suppress(Exception):  # the failure itself is what matters
            fileio.makedirs(folder)
            with fileio.open(f"{folder}/{ERROR_FILE}", "w") as file:
                file.write("\n".join(lines) + "\n")
        raise
