"""Registrations that wait for a registry that was down: written beside the served models.

Each has a folder of its own: copies of the run's documents and, written last, what to register.
"""

from __future__ import annotations

import os
from typing import Final, NamedTuple

import tensorflow as tf

from schema.documents import METRICS_FILE, Document
from schema.layout import PAGE_FILE
from schema.registry import Registration
from serving.registry import folders
from serving.registry.port import Registry, check_alias

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
    names = {"metrics_file": METRICS_FILE, "page": PAGE_FILE}
    kept = {field: name for field, name in names.items() if getattr(registration, field)}
    copies = {name: getattr(registration, field) for field, name in kept.items()}
    waiting = Waiting(registration=registration.model_copy(update=kept), alias=alias, reason=reason)
    try:
        folders.write(folder, copies, _FILE, waiting)
    except tf.errors.OpError as error:
        raise OSError(f"cannot write down what is to be registered at {folder}: {error}") from error
    return folder


def waiting(place: str, model: str) -> list[str]:
    """The folders of a model's registrations that wait, the oldest version first."""
    folder = os.path.join(place, model)
    versions = sorted(filter(str.isdecimal, folders.names_in(folder)), key=int)
    return folders.complete(folder, versions, _FILE)


def make_up(place: str, registry: Registry) -> list[MadeUp]:
    """Registers what waits. What a registry refuses goes on waiting; what is gone is forgotten.

    Args:
        place: see `keep`.
        registry: of the model.

    Raises:
        RegistryUnavailableError: it is still down; what was registered before is settled.
    """

    def register(folder: str) -> str:
        found = _read(folder)
        given = found.registration
        if not tf.io.gfile.isdir(given.saved_model):
            return f"{given.saved_model} is gone"
        registry.register(given, alias=check_alias(found.alias) if found.alias else None)
        return ""

    return [
        MadeUp(int(os.path.basename(folder)), not problem, problem)
        for folder, problem in folders.settle(waiting(place, registry.model), register)
    ]


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
