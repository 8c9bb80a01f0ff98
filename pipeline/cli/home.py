"""`~` in the values of options: a shell expands it in `--out ~/x` and leaves it in `--out=~/x`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Final

from typer.core import TyperGroup

#: Options that name files and directories; a title may begin with ~ and mean it.
PATH_OPTIONS: Final = frozenset(
    {
        *("--batching-parameters-file", "--challenge", "--config", "--data", "--file"),
        *("--holdouts", "--input", "--metrics", "--model", "--model-base", "--model-config-file"),
        *("--out", "--output", "--report", "--ssl-config-file", "--tls-ca"),
    }
)


class HomeGroup(TyperGroup):
    """Commands in whose options `~` is the home directory wherever a path begins with it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parses the command line."""
        return super().parse_args(ctx, list(_expanded(args)))


def _expanded(arguments: Iterable[str]) -> Iterable[str]:
    before = ""
    for argument in arguments:
        option, equals, value = argument.partition("=")
        if equals and option in PATH_OPTIONS:
            yield f"{option}={os.path.expanduser(value)}"
        else:
            yield os.path.expanduser(argument) if before in PATH_OPTIONS else argument
        before = argument
