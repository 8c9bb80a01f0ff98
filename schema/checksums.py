"""The checksums that travel with an exported model, so that a half-copied one is noticed.

TensorFlow checks weights by itself. A vocabulary that is cut loads without a word, and the model
then answers wrongly.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from typing import Final

#: In a SavedModel, in the format of `sha256sum`; it holds for the directory of the model.
CHECKSUMS_FILE: Final = "assets.extra/sha256sums"
_LINE: Final = re.compile(r"([0-9a-f]{64})  (.+)")
# Weights have checksums of their own, and warm-up requests may be put in later.
_LEFT_OUT: Final = ("variables/variables.data-", "assets.extra/")
_CHUNK: Final = 1 << 20


def write(directory: str) -> None:
    """Writes the checksums of a SavedModel's files into it; local or remote.

    Args:
        directory: of the whole SavedModel.
    """
    import tensorflow as tf

    lines = [f"{_digest(os.path.join(directory, name))}  {name}\n" for name in _names(directory)]
    path = os.path.join(directory, CHECKSUMS_FILE)
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.gfile.GFile(path, "w") as file:
        file.write("".join(lines))


def flaw(directory: str) -> str | None:
    """What differs from the checksums in a SavedModel; None where nothing does, or it has none.

    Args:
        directory: of the SavedModel, local or remote.

    Returns:
        What is missing or damaged, in words that follow a path and a colon.
    """
    import tensorflow as tf

    path = os.path.join(directory, CHECKSUMS_FILE)
    if not tf.io.gfile.exists(path):
        return None
    with tf.io.gfile.GFile(path, "rb") as file:
        lines = file.read().decode("utf-8", "replace").splitlines()
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            return f"{CHECKSUMS_FILE} is cut off or damaged"
        digest, name = match.groups()
        listed = os.path.join(directory, name)
        if not tf.io.gfile.exists(listed):
            return f"{name} is missing"
        if _digest(listed) != digest:
            return f"{name} is cut off or damaged"
    return None if lines else f"{CHECKSUMS_FILE} is cut off or damaged"


def _names(directory: str) -> Iterator[str]:
    import tensorflow as tf

    for folder, _, files in sorted(tf.io.gfile.walk(directory)):
        for file in sorted(files):
            name = os.path.relpath(os.path.join(folder, file), directory)
            if not name.startswith(_LEFT_OUT):
                yield name


def _digest(path: str) -> str:
    import tensorflow as tf

    digest = hashlib.sha256()
    with tf.io.gfile.GFile(path, "rb") as file:
        while block := file.read(_CHUNK):
            digest.update(block)
    return digest.hexdigest()
