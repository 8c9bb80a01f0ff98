"""What the commands of `segue registry` share: options, and the registry itself."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.support import fail, serving_errors_reported
from schema.layout import REGISTRY, UNREGISTERED

if TYPE_CHECKING:
    from schema.registry import RegisteredVersion
    from serving.registry import Registry
    from serving.release import Served

RegistryOption = Annotated[
    str | None,
    typer.Option(
        help="A directory, mlflow+http://HOST:PORT or mlflow+https://HOST; beside the model base "
        "where none is named."
    ),
]
SegmentOption = Annotated[
    str | None, typer.Option(help="Whose model it is; everybody's where none is named.")
]
BaseOption = Annotated[str, typer.Option("--model-base", help="Directory of versions.")]
AliasOption = Annotated[str, typer.Option(help="champion or challenger.")]
ExpectedOption = Annotated[
    str | None,
    typer.Option(
        help="Version that the alias must be on, or none; where it is now, by default. Whoever "
        "moves it in between is not overwritten."
    ),
]
ReasonOption = Annotated[str, typer.Option(help="Why, for the history.")]
TimeoutOption = Annotated[
    float, typer.Option(min=0.1, max=3600, help="Seconds that the registry may take to answer.")
]


@contextlib.contextmanager
def opened(
    registry: str | None, segment: str | None, model_base: str, timeout: float
) -> Iterator[Registry]:
    """A registry, whose errors end the command in plain words."""
    from schema.registry import model_name
    from serving.protocol import ConfigError
    from serving.registry import RegistryError, open_registry

    with serving_errors_reported():
        try:
            name = model_name(segment)
        except ValueError as error:
            raise ConfigError(str(error)) from error
        uri = registry or beside(model_base, REGISTRY)
        try:
            with open_registry(uri, name, timeout=timeout) as found:
                yield found
        except RegistryError as error:
            fail(error)


def beside(model_base: str, name: str) -> str:
    """A place beside a model's directory of versions."""
    return os.path.join(os.path.dirname(model_base.rstrip("/")), name)


def waiting_in(model_base: str) -> str:
    """Where registrations wait for a registry that was down."""
    return beside(model_base, UNREGISTERED)


def served_at(model_base: str) -> Served | None:
    """What is served from a directory of versions; None where it is not here."""
    import tensorflow as tf

    from schema.layout import MODEL_NAME
    from serving.release import look

    if not tf.io.gfile.isdir(model_base):
        return None
    return look(model_base, beside(model_base, "releases.json"), MODEL_NAME)


def expected_of(text: str | None, current: RegisteredVersion | None) -> int | None:
    """The version that an alias must be on: as it was said, else where it is.

    Raises:
        ConfigError: what was said is no version.
    """
    from serving.protocol import ConfigError

    if text is None:
        return current.serving_version if current else None
    if text == "none":
        return None
    if not (text.isascii() and text.isdigit()):
        raise ConfigError(f"--expected: {text!r} is no version; give its number, or none")
    return int(text)
