"""What every command of `segue` shares: exit codes, errors and the configuration's options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import rich.console
import rich.markup
import typer

if TYPE_CHECKING:
    from pipeline.config import PipelineConfig

#: Exit codes of contract C1.
USAGE: Final = 2
FAILURE: Final = 1

ConfigOption = Annotated[
    str | None, typer.Option("--config", help="YAML file with fields of the configuration.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="One field, such as models.als.factors=64."),
]


def fail(message: object, code: int = FAILURE) -> NoReturn:
    """Prints an error in plain words and exits."""
    console = rich.console.Console(stderr=True)
    console.print(f"[red]Error:[/red] {rich.markup.escape(str(message))}", highlight=False)
    raise typer.Exit(code)


def load(config: str | None, settings: list[str] | None, **fields: str | None) -> PipelineConfig:
    """Loads the configuration, or exits saying what is wrong with it."""
    from pipeline.overrides import ConfigError, load_config

    try:
        return load_config(config, settings or (), **fields)
    except ConfigError as error:
        fail(error, USAGE)
