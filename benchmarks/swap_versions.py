"""Versions to release under load: sound ones, and broken ones that must not become stable."""

from __future__ import annotations

import os
import pathlib
import shutil
from collections.abc import Callable
from typing import Final

from benchmarks import faulty_models, serving_model

#: What is broken of a version that is made from a sound one, by its name.
DAMAGES: Final = {
    "unloadable": "saved_model.pb is none",
    "truncated": "half of its weights",
    "unsigned": "serving_default is missing, and no warm-up request would notice",
}
BROKEN: Final = {**DAMAGES, **faulty_models.FAULTS}


class Versions:
    """Puts versions into a directory, whole or not at all, under rising numbers.

    Args:
        folder: the directory of versions, as it is seen from here.
        work: where models are kept; on the same file system, so that versions share their files.
    """

    def __init__(self, folder: pathlib.Path, work: pathlib.Path) -> None:
        self._folder = folder
        self._work = work
        self._last = 0

    def push(self, broken: str = "") -> int:
        """Puts a version there, sound or broken in one of the ways of `BROKEN`."""
        self._last += 1
        kind = broken if broken in faulty_models.FAULTS else "sound"
        source = self._work / kind
        if not source.exists():
            if kind == "sound":
                serving_model.save_als(source)
            else:
                faulty_models.save(kind, source)
        staging = self._work / "staging"
        shutil.copytree(source, staging, copy_function=_link)
        if broken in DAMAGES:
            {"unloadable": _spoil, "truncated": _truncate, "unsigned": _unsign}[broken](staging)
        # A move within a file system is seen whole or not at all; TF Serving reads no other names.
        hidden = self._folder / f".staging-{self._last}"
        shutil.move(staging, hidden)
        hidden.rename(self._folder / str(self._last))
        return self._last


def _link(source: str, to: str) -> None:
    try:
        os.link(source, to)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, to)


def _rewrite(path: pathlib.Path, change: Callable[[bytes], bytes]) -> None:
    """Writes a file anew: other versions may share the one that is there."""
    data = change(path.read_bytes())
    path.unlink()
    path.write_bytes(data)


def _spoil(version: pathlib.Path) -> None:
    _rewrite(version / "saved_model.pb", lambda data: b"nonsense")


def _truncate(version: pathlib.Path) -> None:
    (weights,) = (version / "variables").glob("variables.data-*")
    _rewrite(weights, lambda data: data[: len(data) // 2])


def _unsign(version: pathlib.Path) -> None:
    from tensorflow.core.protobuf import saved_model_pb2

    def change(data: bytes) -> bytes:
        model = saved_model_pb2.SavedModel.FromString(data)
        for graph in model.meta_graphs:
            del graph.signature_def["serving_default"]
        return model.SerializeToString()

    _rewrite(version / "saved_model.pb", change)
    shutil.rmtree(version / "assets.extra")
