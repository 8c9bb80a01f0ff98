"""Registrations that wait for a registry that was down: written beside the served models.

Each has a folder of its own: copies of the run's documents and, written last, what to register.
"""

from __future__ import annotations

import contextlib
import os
from typing import Final, NamedTuple

import tensorflow as tf

from schema.documents import METRICS_FILE, Document
from schema.layout import PAGE_FILE
from schema.registry import Registration
from serving.registry.port import (
    Registry,
    RegistryError,
    RegistryUnavailableError,
    check_alias,
)

_FILE: Final = "registration.json"


class Waiting(Document):
    """What lies in a folder."""

    registration: Registration = Registration()
    alias: str = ""
    """What is put on it; "" is nothing."""
    reason: str = ""
    """Why it was not registered at once."""


class MadeUp(NamedTuple):
    """What became of a registration that waited.

    Attributes:
        version: its serving version.
        registered: whether it is registered now.
        problem: why it is not, "" where it is.
    """

    version: int
    registered: bool
    problem: str


def keep(place: str, registration: Registration, alias: str, reason: str) -> str:
    """Writes a registration down; one of the same version is replaced.

    Args:
        place: the directory of all that wait, local or on any file system of TensorFlow.
        registration: its files are copied.
        alias: what is put on it, "" for nothing.
        reason: why it waits.

    Returns:
        Its folder.

    Raises:
        OSError: it cannot be written; the message says where.
    """
    folder = os.path.join(place, registration.model, str(registration.serving_version))
    try:
        tf.io.gfile.makedirs(folder)
        kept = {}
        for field, name in (("metrics_file", METRICS_FILE), ("page", PAGE_FILE)):
            source, target = getattr(registration, field), os.path.join(folder, name)
            if source and source != target:
                tf.io.gfile.copy(source, target, overwrite=True)
            kept[field] = name if source else ""
        waiting = Waiting(
            registration=registration.model_copy(update=kept), alias=alias, reason=reason
        )
        part = os.path.join(folder, f".{_FILE}.part")
        with tf.io.gfile.GFile(part, "w") as file:
            file.write(waiting.to_json())
        tf.io.gfile.rename(part, os.path.join(folder, _FILE), overwrite=True)
    except tf.errors.OpError as error:
        raise OSError(f"cannot write down what is to be registered at {folder}: {error}") from error
    return folder


def waiting(place: str, model: str) -> list[str]:
    """The folders of a model's registrations that wait, the oldest version first."""
    folder = os.path.join(place, model)
    if not tf.io.gfile.isdir(folder):
        return []
    names = {name.rstrip("/") for name in tf.io.gfile.listdir(folder)}
    paths = [os.path.join(folder, name) for name in sorted(filter(str.isdecimal, names), key=int)]
    # Where the writer was killed, the file is missing.
    return [path for path in paths if tf.io.gfile.exists(os.path.join(path, _FILE))]


def make_up(place: str, registry: Registry) -> list[MadeUp]:
    """Registers what waits. What a registry refuses goes on waiting; what is gone is forgotten.

    Args:
        place: see `keep`.
        registry: of the model.

    Raises:
        RegistryUnavailableError: it is still down; what was registered before is settled.
    """
    done = []
    for folder in waiting(place, registry.model):
        version = int(os.path.basename(folder))
        try:
            found = _read(folder)
            given = found.registration
            if not tf.io.gfile.isdir(given.saved_model):
                done.append(MadeUp(version, False, f"{given.saved_model} is gone"))
            else:
                registry.register(given, alias=check_alias(found.alias) if found.alias else None)
                done.append(MadeUp(version, True, ""))
        except RegistryUnavailableError:
            raise
        except tf.errors.NotFoundError:  # another process has made it up just now
            continue
        except (RegistryError, ValueError) as error:
            done.append(MadeUp(version, False, " ".join(str(error).split())))
            continue
        with contextlib.suppress(tf.errors.NotFoundError):
            tf.io.gfile.rmtree(folder)
    return done


def _read(folder: str) -> Waiting:
    """Reads a registration.

    Raises:
        ValueError: the file holds none.
    """
    with tf.io.gfile.GFile(os.path.join(folder, _FILE)) as handle:
        found = Waiting.model_validate_json(handle.read())
    given = found.registration
    names = {field: getattr(given, field) for field in ("metrics_file", "page")}
    paths = {field: os.path.join(folder, name) for field, name in names.items() if name}
    return found.model_copy(update={"registration": given.model_copy(update=paths)})
