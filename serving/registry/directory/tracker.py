"""An account of runs in a local directory: MODEL/runs/KEY/run.json, and the files beside it."""

from __future__ import annotations

import os
import pathlib
import urllib.parse
from typing import Final

from schema import files
from schema.tracking import TrackedRun
from serving.registry.directory.copies import copy_file
from serving.registry.port import RegistryUnavailableError
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
        folder = pathlib.Path(root, run.experiment, "runs", urllib.parse.quote(run.key, safe=""))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            kept = [os.path.basename(source) for source in run.files]
            for source, name in zip(run.files, kept, strict=True):
                copy_file(source, folder / name)
            # Last: a run is there when all of it is.
            files.write_text(folder / _FILE, run.model_copy(update={"files": kept}).to_json())
        except OSError as error:
            raise RegistryUnavailableError(f"{error.filename}: {error.strerror}") from error


def open_tracker(uri: str, timeout: float) -> Tracker:
    """Opens it; see `serving.registry.open_tracker`."""
    return DirectoryTracker(uri)
