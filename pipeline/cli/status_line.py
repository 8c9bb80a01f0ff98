"""`--json`: a command's last line of standard output is one JSON object, the rest standard error.

`schema.status` has the line of each command. A command whose class is `StatusCommand`
takes a parameter `json` of `JsonOption` and returns its status.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol

import typer

from pipeline.cli.home import PathCommand, PathGroup
from pipeline.cli.support import FAILURE, USAGE, CommandFailedError, sentence

if TYPE_CHECKING:
    _Base = PathCommand
else:
    _Base = object

_FLAG: Final = "--json"

JsonOption = Annotated[
    bool,
    typer.Option(
        _FLAG, help="End standard output with one JSON line; the rest goes to standard error."
    ),
]


class Status(Protocol):
    """What a command came to: a `schema.status.CommandStatus`."""

    def line(self) -> str:
        """The line."""


class _Ending(_Base):
    """Ends with a status where `--json` is given, however it ends."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """Reads the arguments; bad ones are a status too."""
        asked = _FLAG in args
        try:
            return super().make_context(info_name, args, parent, **extra)
        except Exception as error:
            if asked and _code(error):
                _print(_failure(_name(info_name, parent), error))
            raise

    def invoke(self, ctx: Any) -> Any:
        """Runs the command."""
        if not ctx.params["json"]:
            return super().invoke(ctx)
        try:
            with _stdout_is_stderr():
                found = super().invoke(ctx)
        except (Exception, KeyboardInterrupt) as error:
            _print(_failure(_name(ctx.info_name, ctx.parent), error))
            raise
        _print(found)
        return found


class StatusCommand(_Ending, PathCommand):
    """A command that ends with its status where `--json` is given, however it ends."""


class StatusGroup(_Ending, PathGroup):
    """A command that has others below it, and ends like them.

    `--json` belongs after the name of the one below, where one is named.
    """


@contextlib.contextmanager
def _stdout_is_stderr() -> Iterator[None]:
    """Sends to standard error whatever is printed, by libraries and other processes too."""
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)


def _name(name: str | None, parent: Any) -> str:
    """The command as it is typed, without `segue`."""
    names = [name or ""]
    while parent is not None and parent.parent is not None:
        names.insert(0, parent.info_name)
        parent = parent.parent
    return " ".join(names)


def _failure(command: str, error: BaseException) -> Status:
    from schema.status import STATUSES

    if isinstance(error, CommandFailedError):
        text = error.message
        if error.status is not None:
            return error.status.model_copy(update={"error": text})
    elif isinstance(error, KeyboardInterrupt):
        text = "Interrupted."
    elif hasattr(error, "format_message"):  # bad usage, which names the option
        text = error.format_message()
    else:
        text = sentence(error)
    status = "invalid" if _code(error) == USAGE else "failed"
    return STATUSES[command](command=command, status=status, error=text)


def _code(error: BaseException) -> int:
    """The exit code: errors of usage and of `fail` have theirs, unexpected ones are a 1."""
    return getattr(error, "exit_code", FAILURE)


def _print(status: Status) -> None:
    print(status.line(), flush=True)
