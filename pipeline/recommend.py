"""Batch recommendations for a challenge set, in the submission format of the challenge."""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")

_BATCH_SIZE = 64


@dataclasses.dataclass(frozen=True)
class Recommended:
    """What was written.

    Attributes:
        playlists: rows of the submission.
        short: rows with fewer than 500 tracks, where the catalogue has no more.
    """

    playlists: int
    short: int


def model_directory(path: str) -> str:
    """Finds the SavedModel in a directory, or in its newest version.

    Args:
        path: a SavedModel, or a base directory in TF Serving's layout, such as OUT/serving/segue.

    Raises:
        ValueError: if there is neither.
    """
    import tensorflow as tf

    if tf.io.gfile.exists(os.path.join(path, "saved_model.pb")):
        return path
    if tf.io.gfile.isdir(path):
        names = [name.rstrip("/") for name in tf.io.gfile.listdir(path)]
        versions = sorted((int(name) for name in names if name.isdigit()), reverse=True)
        for version in versions:
            folder = os.path.join(path, str(version))
            if tf.io.gfile.exists(os.path.join(folder, "saved_model.pb")):
                return folder
    raise ValueError(
        f"No model in {path}: expected saved_model.pb there or in a numbered version below it."
    )


def recommend(
    model: str, challenge: str, output: str, progress: Callable[[int], Any] = lambda _: None
) -> Recommended:
    """Writes a submission for every playlist of a challenge set.

    Args:
        model: a SavedModel or a base directory of versions.
        challenge: a `challenge_set.json`, which may be gzipped.
        output: the CSV file to write.
        progress: called with the number of playlists done so far.

    Raises:
        ValueError: if the model or the challenge set cannot be used.
    """
    import tensorflow as tf

    from components.ingest import challenge as challenges

    loaded = tf.saved_model.load(model_directory(model))
    signature = loaded.signatures["serving_examples"]
    done = short = 0

    def rows() -> Iterator[tuple[str, list[str]]]:
        nonlocal done, short
        for batch in _batches(challenges.read_challenge(challenge), _BATCH_SIZE):
            examples = tf.constant([challenges.to_example(playlist) for playlist in batch])
            for playlist, uris in zip(
                batch, signature(examples=examples)["track_uris"].numpy(), strict=True
            ):
                tracks = [uri.decode() for uri in uris if uri]
                done, short = done + 1, short + (len(tracks) < challenges.DEPTH)
                yield playlist.pid, tracks
            progress(done)

    challenges.write_submission(output, rows())
    return Recommended(playlists=done, short=short)


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch
