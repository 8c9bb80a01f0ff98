"""What every command of `segue` shares: exit codes, errors and the configuration's options."""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import rich.console
import rich.markup
import typer

if TYPE_CHECKING:
    from pipeline.config import PipelineConfig

#: Exit codes of contract C1.
USAGE: Final = 2
FAILURE: Final = 1
_LONGEST: Final = 500  # characters of a message

#: A year: what options of seconds may say, since clocks take no more than some hundred of them.
MAX_SECONDS: Final = 31_536_000

ConfigOption = Annotated[
    str | None, typer.Option("--config", help="YAML file with fields of the configuration.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="One field, such as models.als.factors=64."),
]
TargetOption = Annotated[str, typer.Option(help="HOST:PORT of the server.")]
VersionOption = Annotated[
    int | None, typer.Option(min=0, max=2**63 - 1, help="Version that answers.")
]
ModelNameOption = Annotated[str, typer.Option(help="Name that clients ask for.")]
TlsOption = Annotated[
    str | None, typer.Option(help="PEM file of the server's authority; turns on TLS.")
]


class CommandFailedError(typer.Exit):
    """Ends a command whose error has been shown.

    Args:
        message: the error in plain words.
        code: the exit code.
        status: what the command came to all the same, a `schema.status.CommandStatus`.
    """

    def __init__(self, message: str, code: int = FAILURE, status: Any = None) -> None:
        super().__init__(code)
        self.message = message
        self.status = status


def utc(hour: datetime.datetime | None) -> datetime.datetime | None:
    """An hour from the command line, which is one of UTC."""
    return None if hour is None else hour.replace(tzinfo=datetime.timezone.utc)


def plain(error: object) -> str:
    """An error as a sentence: of the system's, the file and what is wrong with it."""
    if isinstance(error, OSError) and error.strerror:
        names = " and ".join(os.fsdecode(n) for n in (error.filename, error.filename2) if n)
        return f"{names}: {error.strerror}" if names else error.strerror
    return str(error)


def sentence(error: BaseException) -> str:
    """What went wrong, in one line, of any error."""
    text = " ".join(str(getattr(error, "message", error)).split())
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    if isinstance(error, OSError) and error.strerror:
        return plain(error)
    if isinstance(error, RecursionError):
        return "the input is nested too deeply"
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    known = isinstance(error, ValueError | OverflowError) or hasattr(error, "error_code")
    return text if known and text else f"{type(error).__name__}: {text}"


def fail(message: object, code: int = FAILURE, status: Any = None) -> NoReturn:
    """Prints an error in plain words and ends the command, with a status if it came to one."""
    message = plain(message)
    console = rich.console.Console(stderr=True)
    text = f"[red]Error:[/red] {rich.markup.escape(message)}"
    # Paths and options stay whole where the terminal is narrow, or none.
    console.print(text, highlight=False, soft_wrap=True)
    raise CommandFailedError(message, code, status)


def show_left_out(numbers: Mapping[str, int], *, err: bool = False) -> None:
    """Prints how many entries and files of each kind were left out."""
    for kind, count in numbers.items():
        typer.echo(f"  {count:,} left out: {kind.replace('_', ' ')}", err=err)


def load(config: str | None, settings: list[str] | None, **fields: str | None) -> PipelineConfig:
    """Loads the configuration, or ends the command saying what is wrong with it."""
    from pipeline.overrides import RunConfigError, load_config

    try:
        return load_config(config, settings or (), **fields)
    except RunConfigError as error:
        fail(error, USAGE)


@contextlib.contextmanager
def serving_errors_reported() -> Iterator[None]:
    """Ends the command in plain words: bad options as bad usage, a server's refusal as 1."""
    from serving.protocol import BadAnswerError, BrokenModelError, ConfigError, ServingError

    try:
        yield
    except ConfigError as error:
        fail(error, USAGE)
    except (BadAnswerError, BrokenModelError, ServingError) as error:
        fail(error)


@contextlib.contextmanager
def storage_errors_reported() -> Iterator[None]:
    """Ends a command on directories of events or features in plain words."""
    from schema.output_lock import InUseError

    try:
        yield
    except (InUseError, ValueError, OSError) as error:
        fail(error)


def check_encoded(option: str, path: str | None) -> None:
    """Ends the command where TFX could not name a path: it knows UTF-8 only."""
    from schema import texts

    if path is not None and path != texts.whole(path):
        fail(f"{option}: TFX knows no path that is not UTF-8, as {path!r}.", USAGE)
