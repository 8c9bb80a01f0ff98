"""Batch recommendations for a challenge set, in the submission format of the challenge."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from components.ingest import challenge as challenges
from components.ingest.challenge import Submission

_BATCH_SIZE = 64


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
) -> Submission:
    """Writes a submission for every playlist of a challenge set.

    Args:
        model: a SavedModel or a base directory of versions.
        challenge: a `challenge_set.json`, which may be gzipped.
        output: the CSV file to write, gzipped where it ends in `.gz`.
        progress: called with the number of playlists done so far.

    Returns:
        How many playlists were written, and how many got fewer than 500 tracks.

    Raises:
        ValueError: if there is no model.
        ChallengeError: if the challenge set cannot be used.
    """
    import tensorflow as tf

    playlists = list(challenges.read_challenge(challenge))
    loaded = tf.saved_model.load(model_directory(model))
    if "serving_examples" not in loaded.signatures:
        raise ValueError(f"{model} is no model of Segue's: it has no signature serving_examples.")
    signature = loaded.signatures["serving_examples"]

    def answers() -> Iterator[tuple[int, list[str]]]:
        for start in range(0, len(playlists), _BATCH_SIZE):
            batch = playlists[start : start + _BATCH_SIZE]
            examples = tf.constant([playlist.serialize() for playlist in batch])
            recommended = signature(examples=examples)["track_uris"].numpy()
            for playlist, uris in zip(batch, recommended, strict=True):
                yield playlist.pid, [uri.decode() for uri in uris if uri]
            progress(start + len(batch))

    return challenges.write_submission(output, playlists, answers())
