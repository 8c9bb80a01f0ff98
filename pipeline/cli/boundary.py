"""Where a person meets the commands: streams that take any text, and every error in a sentence."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from pipeline.cli.support import FAILURE, CommandFailedError, fail, sentence

#: Set, it lets an error through with its traceback.
TRACEBACK: Final = "SEGUE_TRACEBACK"
_STREAMS: Final = ("stdin", "stdout", "stderr")  # by descriptor


@contextlib.contextmanager
def errors_told() -> Iterator[None]:
    """Ends the process with a sentence for whatever a command did not report itself.

    What was printed gets out before, or the process says that it could not.
    """
    _open_streams()
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except SystemExit:
        raise
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        _end(error)


def _end(error: Exception) -> NoReturn:
    if isinstance(error, BrokenPipeError):  # whoever read has gone, and wants no more
        _silence("stdout")
        sys.exit(FAILURE)
    text = sentence(error)
    # The system's own and TensorFlow's say what they could not do, and with which file.
    if not isinstance(error, OSError) and not hasattr(error, "error_code"):
        text += f" ({TRACEBACK}=1 shows where it happened.)"
    try:
        sys.stdout.flush()
    except OSError:
        _silence("stdout")
    try:
        fail(text)
    except CommandFailedError as failed:
        sys.exit(failed.exit_code)
    except OSError:  # standard error is gone too
        _silence("stderr")
        sys.exit(FAILURE)


def _open_streams() -> None:
    """Makes text of any language printable, and gives closed streams a place to go."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # Otherwise the next file that is opened gets the number, and what is printed.
            os.open(os.devnull, os.O_RDWR)
    for name in _STREAMS[1:]:
        stream = getattr(sys, name)
        if stream is None or stream is getattr(sys, f"__{name}__"):
            setattr(sys, name, _stream(name, stream))
        elif isinstance(stream, io.TextIOWrapper):  # of whoever runs the commands in its process
            stream.reconfigure(errors="replace")


def _stream(name: str, old: Any) -> io.TextIOWrapper:
    """A stream whose errors name it; what its terminal cannot show becomes a question mark."""
    if old is not None:
        old.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Named(name)),
        encoding=old.encoding if old is not None else "utf-8",
        errors="replace",
        line_buffering=name == "stderr" or os.isatty(_STREAMS.index(name)),
    )


class _Named(io.FileIO):
    """A standard stream that says which one it is where it cannot be written to."""

    def __init__(self, name: str) -> None:
        super().__init__(_STREAMS.index(name), "w", closefd=False)
        self._told = {"stdout": "standard output", "stderr": "standard error"}[name]

    def write(self, data: Any) -> int:
        """Writes bytes."""
        try:
            return super().write(data)
        except OSError as error:
            raise OSError(error.errno, error.strerror, self._told) from None


def _silence(name: str) -> None:
    """Lets a stream that cannot be written to take what it holds, so that Python's end is quiet."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STREAMS.index(name))
    os.close(nowhere)
    with contextlib.suppress(OSError, ValueError):
        getattr(sys, name).flush()
