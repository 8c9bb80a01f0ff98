"""Paths in the values of options, before a command sees them.

A shell expands `~` in `--out ~/x` and leaves it in `--out=~/x`; of an unset variable it leaves
nothing, as in `--out "$RUNS"`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

#: Options that name files and directories; a title may begin with ~ and mean it.
PATH_OPTIONS: Final = frozenset(
    {
        *("--batching-parameters-file", "--challenge", "--config", "--data", "--entities"),
        *("--file", "--holdouts", "--input", "--metrics", "--model", "--model-base"),
        *("--impressions", "--model-config-file", "--out", "--output", "--recommendations"),
        *("--registry", "--report", "--rows", "--spec", "--ssl-config-file", "--tls-ca", "--world"),
    }
)


#: Options that mean nothing without a value, beside those that name files and directories.
_NEVER_EMPTY: Final = PATH_OPTIONS | {
    *("--cron", "--host", "--job-id", "--label", "--model-name", "--segment", "--target"),
}


class PathCommand(TyperCommand):
    """A command that refuses paths that are empty, or lead to the home of nobody."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """Reads the arguments.

        Raises:
            BadParameter: a value is no path.
        """
        return _checked(super().make_context(info_name, args, parent, **extra))


class PathGroup(TyperGroup):
    """The same of a command that has others below it."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """Reads the arguments.

        Raises:
            BadParameter: a value is no path.
        """
        return _checked(super().make_context(info_name, args, parent, **extra))


def _checked(context: Any) -> Any:
    """The context of a command, whose paths are some."""
    for parameter in context.command.params:
        value, problem = context.params.get(str(parameter.name)), ""
        if value == "" and _NEVER_EMPTY.intersection(parameter.opts):
            problem = "it is empty."
        elif str(value).startswith("~") and PATH_OPTIONS.intersection(parameter.opts):
            problem = f"{value} is in nobody's home; a file of that name is ./{value}"
        if problem:
            raise typer.BadParameter(problem, context, param_hint=f"'{parameter.opts[0]}'")
    return context


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
