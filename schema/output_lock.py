"""One command at a time writes to an output directory."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from collections.abc import Iterator
from typing import Final

from schema import locks

#: The lock's file in the directory. It stays there; what counts is that it is locked.
NAME: Final = ".lock"

_WAIT_SECONDS: Final = 0.5  # for another that only asks who holds it
_NO_LOCKS: Final = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
_LOGGER = logging.getLogger("segue")


class InUseError(RuntimeError):
    """Another command writes to the directory; the message names it."""


def holder(directory: str) -> str | None:
    """Who holds a local directory, in words; None where nobody does."""
    return locks.holder(os.path.join(directory, NAME))


@contextlib.contextmanager
def taken(directory: str, command: str) -> Iterator[bool]:
    """Holds a local directory while the block runs, or says at once who holds it.

    Args:
        directory: made where it is missing.
        command: what holds it, for others who want it.

    Yields:
        Whether it is locked: some file systems know no locks, and then nothing is.

    Raises:
        InUseError: another command holds it.
        OSError: the directory cannot be written to.
    """
    path = os.path.join(directory, NAME)
    with contextlib.ExitStack() as stack:
        locked = True
        try:
            stack.enter_context(locks.held(path, command, wait_seconds=_WAIT_SECONDS))
        except locks.LockedError:
            other = holder(directory) or "another process"
            raise InUseError(
                f"{directory} is in use by {other}: try again when that has ended, or choose "
                "another directory"
            ) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            locked = False
            _LOGGER.warning(
                "%s: this file system knows no locks, so see to it that no other command "
                "writes here",
                directory,
            )
        yield locked
