"""An account of runs in a local directory: MODEL/runs/KEY/run.json, and the files beside it."""

from __future__ import annotations

import os
import pathlib
import urllib.parse
from typing import Final

import tensorflow as tf

from schema import files
from schema.tracking import TrackedRun
from serving.registry.port import RegistryError, RegistryUnavailableError
from serving.registry.tracker import Tracker

_FILE: Final = "run.json"


class DirectoryTracker(Tracker):
    """See `serving.registry.Tracker`.

    Args:
        uri: the directory.
    """

    def track(self, run: TrackedRun) -> None:
        """See `Tracker.track`."""
        root = os.path.abspath(os.path.expanduser(self.uri))
        name = urllib.parse.quote(run.key, safe="")
        folder = pathlib.Path(root, run.experiment, "runs", name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            kept = [_copy(source, folder) for source in run.files]
            # Last: a run is there when all of it is.
            files.write_text(folder / _FILE, run.model_copy(update={"files": kept}).to_json())
        except OSError as error:
            raise RegistryUnavailableError(f"{error.filename}: {error.strerror}") from error


def open_tracker(uri: str, timeout: float) -> Tracker:
    """Opens it; see `serving.registry.open_tracker`."""
    return DirectoryTracker(uri)


def _copy(source: str, folder: pathlib.Path) -> str:
    """Copies a file, local or remote; returns its name."""
    name = os.path.basename(source)
    try:
        with tf.io.gfile.GFile(source, "rb") as file:
            content = file.read()
    except tf.errors.OpError as error:
        raise RegistryError(f"cannot keep a copy of {source}: {error.message}") from error
    with files.replacing(folder / name) as partial:
        partial.write_bytes(content)
    return name
