"""The versions of a model on disk: directories under a base path whose names are numbers."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import Final

import tensorflow as tf

from serving.protocol import errors

#: The highest number that a version can have.
MAX_VERSION: Final = 2**63 - 1

#: Without it a version cannot be loaded; whoever writes a version writes it last.
MODEL_FILE: Final = "saved_model.pb"

#: Files of these names hold weights; `variables.index` has a checksum of each tensor in them.
_WEIGHTS: Final = "variables.data-"
_CHUNK: Final = 1 << 20


def list_versions(base_path: str) -> dict[int, str]:
    """Finds the versions of a model.

    Args:
        base_path: the model's directory, local or on any file system of TensorFlow.

    Returns:
        Paths of the version directories, by version.

    Raises:
        ServingError: the base path is missing, or cannot be listed.
    """
    if not tf.io.gfile.exists(base_path):
        raise errors.not_found(f"{base_path} not found")
    try:
        names = sorted({name.rstrip("/") for name in tf.io.gfile.listdir(base_path)})
    except tf.errors.OpError as error:
        raise errors.from_exception(error) from error
    versions = {}
    for name in names:
        path = os.path.join(base_path, name)
        if _is_version(name) and tf.io.gfile.isdir(path):
            versions[int(name)] = path
    return versions


def is_whole(path: str) -> bool:
    """Whether a version's directory, or that of any other SavedModel, holds all of a model."""
    return tf.io.gfile.exists(os.path.join(path, MODEL_FILE))


def newest_with(base_path: str, file: str) -> str | None:
    """Finds the newest version that holds a file.

    Args:
        base_path: the model's directory.
        file: a path within a version, such as `MODEL_FILE`.

    Returns:
        The version's directory, or None where no version holds the file.

    Raises:
        ServingError: the base path is missing, or cannot be listed.
    """
    versions = list_versions(base_path)
    for number in sorted(versions, reverse=True):
        if tf.io.gfile.exists(os.path.join(versions[number], file)):
            return versions[number]
    return None


def fingerprint(path: str) -> tuple[tuple[str, int, int], ...]:
    """Names, sizes and times of the files of a version: equal as long as nothing changed."""
    files = []
    for file in _files(path):
        try:
            stat = tf.io.gfile.stat(file)
        except tf.errors.NotFoundError:  # it is being written or removed just now
            continue
        files.append((file, stat.length, stat.mtime_nsec))
    return tuple(sorted(files))


def content(path: str) -> str:
    """A digest of what a version holds: equal for each copy of a model, and for no other model.

    Weights count by their size and the checksums that lie beside them, so that they are not read.

    Args:
        path: a version's directory, or that of any other SavedModel.
    """
    digest = hashlib.sha256()
    for file in sorted(_files(path)):
        name = os.path.relpath(file, path)
        digest.update(f"{name}\0{tf.io.gfile.stat(file).length}\0".encode())
        if not os.path.basename(file).startswith(_WEIGHTS):
            with tf.io.gfile.GFile(file, "rb") as handle:
                while block := handle.read(_CHUNK):
                    digest.update(block)
    return digest.hexdigest()


def _files(path: str) -> Iterator[str]:
    for directory, _, names in tf.io.gfile.walk(path):
        yield from (os.path.join(directory, name) for name in names)


def _is_version(name: str) -> bool:
    return name.isascii() and name.isdigit() and int(name) <= MAX_VERSION
