"""Copies of a run's files, local or remote, in a local directory."""

from __future__ import annotations

import pathlib

import tensorflow as tf

from schema import files
from serving.registry.port import RegistryError


def copy_file(source: str, target: pathlib.Path) -> None:
    """Puts a copy in place by one rename.

    Raises:
        RegistryError: the file cannot be read.
        OSError: the copy cannot be written.
    """
    try:
        with tf.io.gfile.GFile(source, "rb") as file:
            content = file.read()
    except (tf.errors.OpError, OSError) as error:
        why = getattr(error, "message", None) or getattr(error, "strerror", None) or error
        raise RegistryError(f"cannot keep a copy of {source}: {why}") from error
    with files.replacing(target) as partial:
        partial.write_bytes(content)
