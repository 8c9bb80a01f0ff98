"""Runs that wait to be tracked by a registry that was down: written beside what else waits.

Each has a folder of its own, MODEL/runs/KEY: copies of its files and, written last, the run.
"""

from __future__ import annotations

import contextlib
import os
import urllib.parse
from typing import Final, NamedTuple

import tensorflow as tf

from schema.tracking import TrackedRun
from serving.registry.port import RegistryError, RegistryUnavailableError
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
    try:
        tf.io.gfile.makedirs(folder)
        names = [os.path.basename(path) for path in run.files]
        for path, name in zip(run.files, names, strict=True):
            tf.io.gfile.copy(path, os.path.join(folder, name), overwrite=True)
        part = os.path.join(folder, f".{_FILE}.part")
        with tf.io.gfile.GFile(part, "w") as file:
            file.write(run.model_copy(update={"files": names}).to_json())
        tf.io.gfile.rename(part, os.path.join(folder, _FILE), overwrite=True)
    except tf.errors.OpError as error:
        raise OSError(f"cannot write down a run at {folder}: {error.message}") from error
    return folder


def waiting_runs(place: str, experiment: str) -> list[str]:
    """The folders of the runs that wait, by their keys."""
    folder = _folder(place, experiment)
    if not tf.io.gfile.isdir(folder):
        return []
    names = sorted(name.rstrip("/") for name in tf.io.gfile.listdir(folder))
    # Where the writer was killed, the file is missing.
    paths = [os.path.join(folder, name) for name in names]
    return [path for path in paths if tf.io.gfile.exists(os.path.join(path, _FILE))]


def make_up_runs(place: str, experiment: str, tracker: Tracker) -> list[Tracked]:
    """Tracks the runs that wait; one that is refused goes on waiting.

    Args:
        place: see `keep_run`.
        experiment: whose runs.
        tracker: what keeps them.

    Raises:
        RegistryUnavailableError: it is still down; what was tracked before is settled.
    """
    done = []
    for folder in waiting_runs(place, experiment):
        key = urllib.parse.unquote(os.path.basename(folder))
        try:
            with tf.io.gfile.GFile(os.path.join(folder, _FILE)) as file:
                run = TrackedRun.model_validate_json(file.read())
            paths = [os.path.join(folder, name) for name in run.files]
            tracker.track(run.model_copy(update={"files": paths}))
        except RegistryUnavailableError:
            raise
        except tf.errors.NotFoundError:  # another process has made it up just now
            continue
        except (RegistryError, ValueError) as error:
            done.append(Tracked(key, " ".join(str(error).split())))
            continue
        done.append(Tracked(key, ""))
        with contextlib.suppress(tf.errors.NotFoundError):
            tf.io.gfile.rmtree(folder)
    return done


def _folder(place: str, experiment: str) -> str:
    return os.path.join(place, experiment, _RUNS)
