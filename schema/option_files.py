"""Options of a concern in YAML files of their own, a file a thing that is named like the file."""

from __future__ import annotations

import pathlib
import typing
from collections.abc import Iterator
from typing import Any, TypeVar

import pydantic
import yaml

from schema import strict_yaml
from schema.options import Options

_Read = TypeVar("_Read", bound=Options)


class OptionFileError(ValueError):
    """A file does not hold what it should; the message names it, the key, and what is accepted."""


def read(path: pathlib.Path, kind: type[_Read]) -> _Read:
    """Reads a file of options whose key `name` is the file's name without its ending.

    Raises:
        OptionFileError: the file is not YAML, a key or a value is not accepted, or it is named
            otherwise.
        OSError: it cannot be read.
    """
    try:
        content = strict_yaml.load(path.read_bytes())
    except (yaml.YAMLError, ValueError) as error:
        raise OptionFileError(f"{path} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise OptionFileError(f"{path} holds no keys; accepted are {_keys(kind)}")
    try:
        found = kind.model_validate(content)
    except pydantic.ValidationError as error:
        raise OptionFileError(f"{path}: {_told(error, kind)}") from None
    name = getattr(found, "name", path.stem)
    if name != path.stem:
        raise OptionFileError(f"{path}: name: {name!r} is not the file's, {path.stem!r}")
    return found


def _told(error: pydantic.ValidationError, kind: type[Options]) -> str:
    """Each wrong key, and what is accepted there."""
    problems = []
    for problem in error.errors():
        place = [str(part) for part in problem["loc"]]
        key = ".".join(place)
        if problem["type"] == "extra_forbidden":
            within = _within(kind, place[:-1])
            problems.append(f"{key}: no such key; accepted are {_keys(within)}")
        elif problem["type"] == "missing":
            problems.append(f"{key}: it is missing")
        else:
            text = problem["msg"].removeprefix("Value error, ")
            shown = f", not {problem['input']!r}" if _is_plain(problem["input"]) else ""
            problems.append(f"{key}: {text}{shown}" if key else text)
    return "; ".join(problems)


def _within(kind: type[Options], place: list[str]) -> type[Options]:
    """The kind of options that stand at a place."""
    for part in place:
        if part not in kind.model_fields:  # the place in a list
            continue
        kind = next(_kinds(kind.model_fields[part].annotation), kind)
    return kind


def _kinds(annotation: Any) -> Iterator[type[Options]]:
    """Options that an annotation speaks of."""
    parts = typing.get_args(annotation)
    if not parts and isinstance(annotation, type) and issubclass(annotation, Options):
        yield annotation
    for part in parts:
        yield from _kinds(part)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool) or value is None


def _keys(kind: type[Options]) -> str:
    return ", ".join(kind.model_fields)
