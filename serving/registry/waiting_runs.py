"""Runs that wait to be tracked by a registry that was down: written beside what else waits.

Each has a folder of its own, MODEL/runs/KEY: copies of its files and, written last, the run.
"""

from __future__ import annotations

import os
import urllib.parse
from typing import Final, NamedTuple

import tensorflow as tf

from schema.tracking import TrackedRun
from serving.registry import folders
from serving.registry.tracker import Tracker

_RUNS: Final = "runs"
_FILE: Final = "tracked.json"


class Tracked(NamedTuple):
    """What became of a run that waited.

    Attributes:
        key: the run's.
        problem: why it is not tracked yet, "" where it is.
    """

    key: str
    problem: str


def keep_run(place: str, run: TrackedRun) -> str:
    """Writes a run down; the same one that waits is replaced.

    Args:
        place: the directory of all that waits, local or on any file system of TensorFlow.
        run: its files are copied.

    Returns:
        Its folder.

    Raises:
        OSError: it cannot be written; the message says where.
    """
    folder = os.path.join(_folder(place, run.experiment), urllib.parse.quote(run.key, safe=""))
    copies = {os.path.basename(path): path for path in run.files}
    try:
        folders.write(folder, copies, _FILE, run.model_copy(update={"files": list(copies)}))
    except tf.errors.OpError as error:
        raise OSError(f"cannot write down a run at {folder}: {error.message}") from error
    return folder


def waiting_runs(place: str, experiment: str) -> list[str]:
    """The folders of the runs that wait, by their keys."""
    folder = _folder(place, experiment)
    return folders.complete(folder, folders.names_in(folder), _FILE)


def make_up_runs(place: str, experiment: str, tracker: Tracker) -> list[Tracked]:
    """Tracks the runs that wait; one that is refused goes on waiting.

    Args:
        place: see `keep_run`.
        experiment: whose runs.
        tracker: what keeps them.

    Raises:
        RegistryUnavailableError: it is still down; what was tracked before is settled.
    """

    def track(folder: str) -> str:
        with tf.io.gfile.GFile(os.path.join(folder, _FILE)) as file:
            run = TrackedRun.model_validate_json(file.read())
        paths = [os.path.join(folder, name) for name in run.files]
        tracker.track(run.model_copy(update={"files": paths}))
        return ""

    return [
        Tracked(urllib.parse.unquote(os.path.basename(folder)), problem)
        for folder, problem in folders.settle(waiting_runs(place, experiment), track)
    ]


def _folder(place: str, experiment: str) -> str:
    return os.path.join(place, experiment, _RUNS)
