"""Finds the files of Examples, and passes on files as they are: of Examples, of models."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from tfx.dsl.io import fileio

_THREADS: Final = 8  # an object store copies many files as fast as one


def of_split(split: str, pattern: str) -> list[str]:
    """The files of a split, sorted.

    Args:
        split: its name, for the message.
        pattern: of its files, local or remote.

    Raises:
        FileNotFoundError: there is none; even a split without playlists has a file.
    """
    paths = sorted(str(path) for path in fileio.glob(pattern))
    if not paths:
        raise FileNotFoundError(f"No file of split {split}: {pattern}")
    return paths


def pass_on(paths: Iterable[str], folder: str, prefix: str = "") -> None:
    """Puts files into a folder under their own names, without a copy where that can be.

    On one local disk a file gets a second name (a hard link), which costs neither time nor space:
    what writes Examples or models puts new files in their place and changes none.

    Args:
        paths: files, local or remote.
        folder: where to, local or remote; made where it is missing.
        prefix: what their names there begin with.
    """
    fileio.makedirs(folder)

    def one(path: str) -> None:
        target = os.path.join(folder, prefix + os.path.basename(path))
        try:
            os.link(path, target)
        except OSError:  # remote, another disk, there already, or not supported
            fileio.copy(path, target, overwrite=True)

    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(one, paths))


def pass_on_tree(source: str, target: str) -> None:
    """Puts all files below a folder below another one, as `pass_on` does.

    Args:
        source: a folder, local or remote.
        target: where to, local or remote; made where it is missing.
    """
    for path, _, names in fileio.walk(source):
        folder = str(path)
        below = os.path.relpath(folder, source)
        inner = target if below == os.curdir else os.path.join(target, below)
        pass_on([os.path.join(folder, str(name)) for name in names], inner)
