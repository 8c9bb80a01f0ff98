"""Reads the configuration from a file, from `--set`, and says plainly what is wrong with it."""

from __future__ import annotations

import difflib
import math
import os
import pathlib
import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import pydantic
import yaml

from pipeline.config import PipelineConfig
from schema import strict_yaml

_PATHS: Final = (
    ("data",),
    ("out",),
    ("release_record",),
    ("registry", "uri"),
    ("validation", "schema_file"),
)
# Sections that say where a run takes place: values may hold $NAME, so that profiles hold none.
_PLACES: Final = ("data", "storage", "dataflow", "vertex", "registry")
_NAME: Final = re.compile(r"\$(?:\{(?P<braced>\w+)(?::-(?P<default>[^}]*))?\}|(?P<plain>\w+))")
# A number in quotes; with a leading zero nobody knows which base is meant.
_PLAIN: Final = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)?(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?")


class RunConfigError(ValueError):
    """The configuration is not usable; the message names each key and what it accepts."""


def load_config(
    config_file: str | None, settings: Iterable[str] = (), **fields: Any
) -> PipelineConfig:
    """Builds a run's configuration.

    Args:
        config_file: a YAML file with any fields of `PipelineConfig`.
        settings: "KEY=VALUE" texts, keys with dots, values as YAML; they override the file.
        **fields: fields that override both, such as `data`; None is passed over.

    Raises:
        RunConfigError: if the file cannot be read, a key is unknown or a value is not accepted.
    """
    values = _read(config_file) if config_file else {}
    for setting in settings:
        _apply(values, setting)
    values.update({key: value for key, value in fields.items() if value is not None})
    _expand_home(values)
    if unset := _expand_names(values):
        raise RunConfigError("The configuration is not valid:\n" + "\n".join(unset))
    try:
        config = PipelineConfig.model_validate(values)
        if wrong := list(_no_numbers(values, _taken(config))):
            raise RunConfigError("The configuration is not valid:\n" + "\n".join(wrong))
        return config
    except pydantic.ValidationError as error:
        raise RunConfigError(
            "The configuration is not valid:\n" + "\n".join(_explain(error))
        ) from None


def _read(path: str) -> dict[str, Any]:
    try:
        values = strict_yaml.load(pathlib.Path(path).read_bytes())
    except strict_yaml.DuplicateKeyError as error:
        raise RunConfigError(f"{path}: {error}; keep one.") from None
    except OSError as error:
        raise RunConfigError(f"Cannot read the configuration {path}: {error.strerror}.") from None
    except (yaml.YAMLError, ValueError) as error:
        raise RunConfigError(f"{path} is not valid YAML: {error}") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise RunConfigError(f"{path} must hold keys and values, not a {type(values).__name__}.")
    return values


def _apply(values: dict[str, Any], setting: str) -> None:
    key, separator, text = setting.partition("=")
    path = key.strip().split(".")
    if not separator or not all(path):
        raise RunConfigError(
            f"--set takes KEY=VALUE, such as models.als.factors=64, not {setting!r}."
        )
    try:
        value = strict_yaml.load(text)
    except strict_yaml.DuplicateKeyError as error:
        raise RunConfigError(f"--set {key}: {error}; keep one.") from None
    except yaml.YAMLError:
        raise RunConfigError(f"--set {key}: {text!r} is not a valid YAML value.") from None
    for part in path[:-1]:
        below = values.setdefault(part, {})
        if not isinstance(below, dict):
            raise RunConfigError(f"--set {key}: {part!r} is a value and has no keys below it.")
        values = below
    values[path[-1]] = value


def _expand_home(values: dict[str, Any]) -> None:
    """Puts directories in place of ~ and $NAME where a path begins with them, as a shell does.

    Raises:
        RunConfigError: nobody has that home, or the variable is not set.
    """
    for *sections, key in _PATHS:
        section: Any = values
        for name in sections:
            section = section.get(name) if isinstance(section, dict) else None
        if not isinstance(section, dict) or not isinstance(section.get(key), str):
            continue
        path = section[key]
        if path.startswith("$"):
            path = os.path.expandvars(path)
        section[key] = os.path.expanduser(path)
        if section[key].startswith(("~", "$")):
            first = section[key].partition("/")[0]
            raise RunConfigError(
                f"{'.'.join((*sections, key))}: {section[key]!r} begins with {first}, which stands "
                f"for nothing here; a directory of that name is ./{section[key]}."
            )


def _expand_names(values: dict[str, Any]) -> list[str]:
    """Puts environment variables in place of $NAME, ${NAME} and ${NAME:-DEFAULT}, as a shell does.

    Returns:
        What is wrong with the keys whose variables are not set and have no default.
    """

    def expanded(value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {name: expanded(below, f"{key}.{name}") for name, below in value.items()}
        if isinstance(value, list):
            return [expanded(below, f"{key}.{index}") for index, below in enumerate(value)]
        if not isinstance(value, str):
            return value
        return _NAME.sub(lambda found: replaced(found, key), value)

    def replaced(found: re.Match[str], key: str) -> str:
        name = found["braced"] or found["plain"]
        value = os.environ.get(name) or found["default"]
        if value is None:
            unset.append(
                f"  {key}: set the environment variable {name}, or the key by --set {key}=..."
            )
        return value or ""

    unset: list[str] = []
    for section in _PLACES:
        # A directory on this machine may have a $ in its name.
        if section in values and (section != "data" or "://" in str(values[section])):
            values[section] = expanded(values[section], section)
    return unset


def _taken(config: PipelineConfig) -> dict[str, Any]:
    """What a configuration's values were taken for; of families, their parameters."""
    models = {family: config.family_params(family) for family in config.models}
    return {**config.model_dump(), "models": models}


def _no_numbers(given: Any, taken: Any, key: str = "") -> Iterator[str]:
    """Names what was given where a number is meant and is none, though it was taken for one."""
    if isinstance(given, dict) and isinstance(taken, dict):
        for name, value in given.items():
            yield from _no_numbers(value, taken.get(name), f"{key}.{name}" if key else str(name))
    elif isinstance(given, list) and isinstance(taken, list | tuple):
        for index, (one, other) in enumerate(zip(given, taken, strict=False)):
            yield from _no_numbers(one, other, f"{key}.{index}")
    elif isinstance(given, float) and not math.isfinite(given):
        yield f"  {key}: takes a finite number, not {given}."
    elif isinstance(taken, int | float) and not isinstance(taken, bool):
        if isinstance(given, bool):
            yield f"  {key}: takes a number, not {str(given).lower()}."
        elif isinstance(given, str) and not _PLAIN.fullmatch(given):
            yield f"  {key}: takes a decimal number, without leading zeros, not {given!r}."


def _explain(error: pydantic.ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_url=False):
        location = [str(part) for part in problem["loc"]]
        key = ".".join(location)
        if problem["type"] == "extra_forbidden":
            lines.append(f"  {key}: unknown key. {_suggest(location)}")
        elif problem["type"] == "missing":
            lines.append(f"  {key}: is required.")
        elif problem["type"] == "value_error":
            text = str(problem["ctx"]["error"])
            lines.append(f"  {key}: {text}" if key else f"  {text}")
        else:
            lines.append(f"  {key}: {problem['msg']}, not {problem['input']!r}.")
    return lines


def _suggest(location: list[str]) -> str:
    section: Any = PipelineConfig
    for part in location[:-1]:
        if hasattr(section, "model_fields"):
            section = _one_type(section.model_fields[part].annotation)
        else:  # of a mapping, whose keys are free
            section = typing.get_args(section)[1]
    known = list(section.model_fields)
    close = difflib.get_close_matches(location[-1], known, n=1)
    close = close or [key for key in _keys(PipelineConfig) if key.endswith(f".{location[-1]}")]
    accepted = f"Accepted here: {', '.join(known)}."
    return f"Did you mean {' or '.join(close)}? {accepted}" if close else accepted


def _keys(section: Any, above: str = "") -> Iterator[str]:
    """Every key of a section and of those below it, with dots."""
    for name, field in section.model_fields.items():
        yield above + name
        if hasattr(_one_type(field.annotation), "model_fields"):
            yield from _keys(_one_type(field.annotation), f"{above}{name}.")


def _one_type(annotation: Any) -> Any:
    """The type of what may be null as well; any other type as it is."""
    others = [each for each in typing.get_args(annotation) if each is not type(None)]
    return others[0] if type(None) in typing.get_args(annotation) else annotation


def describe(config: Mapping[str, Any]) -> str:
    """The configuration as YAML, as a file would hold it."""
    return yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)
