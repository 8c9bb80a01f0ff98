"""Folders of what waits: copies of files and, written last, a document that says what they are."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping

import tensorflow as tf

from schema.documents import Document
from serving.registry.port import RegistryError, RegistryUnavailableError


def write(folder: str, copies: Mapping[str, str], name: str, document: Document) -> None:
    """Writes a folder; what it held before is replaced.

    Args:
        folder: local or on any file system of TensorFlow.
        copies: where files are, by their names in the folder.
        name: of the document's file.
        document: what is written last.

    Raises:
        OpError: it cannot be written.
    """
    tf.io.gfile.makedirs(folder)
    for copy, source in copies.items():
        if source != (target := os.path.join(folder, copy)):
            tf.io.gfile.copy(source, target, overwrite=True)
    part = os.path.join(folder, f".{name}.part")
    with tf.io.gfile.GFile(part, "w") as file:
        file.write(document.to_json())
    tf.io.gfile.rename(part, os.path.join(folder, name), overwrite=True)


def names_in(place: str) -> list[str]:
    """The names of what lies in a directory, sorted; none where it is missing."""
    if not tf.io.gfile.isdir(place):
        return []
    return sorted(name.rstrip("/") for name in tf.io.gfile.listdir(place))


def complete(place: str, names: Iterable[str], file: str) -> list[str]:
    """The folders that hold the document: where its writer was killed, it is missing."""
    paths = [os.path.join(place, name) for name in names]
    return [path for path in paths if tf.io.gfile.exists(os.path.join(path, file))]


def settle(folders: Iterable[str], see_to: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Sees to what waits, and removes its folder. What is refused goes on waiting.

    Args:
        folders: of what waits.
        see_to: does it for one; returns why there is nothing to be done, "" where it was done.

    Yields:
        A folder, and why it was not done, "" where it was.

    Raises:
        RegistryUnavailableError: nothing can be done now; what was done before is settled.
    """
    for folder in folders:
        try:
            problem = see_to(folder)
        except RegistryUnavailableError:
            raise
        except tf.errors.NotFoundError:  # another process has made it up just now
            continue
        except (RegistryError, ValueError) as error:
            yield folder, " ".join(str(error).split())
            continue
        with contextlib.suppress(tf.errors.NotFoundError):
            tf.io.gfile.rmtree(folder)
        yield folder, problem
