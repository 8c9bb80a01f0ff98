"""One command at a time writes to a folder of a world, and clears away what a kill left there."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
from collections.abc import Iterable, Iterator
from typing import Final

from sample.listeners import arrivals
from schema import output_lock

#: Files that are not whole (`schema.files`).
PARTIAL: Final = ".partial-*"


@contextlib.contextmanager
def alone(folder: pathlib.Path, command: str, ours: Iterable[str] = ()) -> Iterator[None]:
    """Holds a folder while the block runs.

    Args:
        folder: made where it is missing.
        command: what holds it, for others who want it.
        ours: patterns below the folder, of files that are not whole and that nobody writes but
            who holds it.

    Raises:
        InUseError: another command holds it.
        OSError: it cannot be written to.
    """
    with output_lock.taken(str(folder), command) as locked:
        if locked:
            for left in folder.glob(f"{arrivals.PREFIX}*"):
                shutil.rmtree(left)
            for pattern in ours:
                for partial in folder.glob(pattern):
                    partial.unlink()
        try:
            yield
        except OSError as error:
            # Of a full disk the system says no more than that it is full.
            if error.errno is not None and error.filename is None:
                error.filename = str(folder)
            raise
