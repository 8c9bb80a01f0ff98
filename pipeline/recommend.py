"""Batch recommendations for a challenge set, in the submission format of the challenge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from components.ingest.challenge import read_challenge
from evaluation.submission import Team, Written, write_submission
from schema.signatures import SERVING_EXAMPLES, TRACK_URIS

_BATCH_SIZE = 64


def model_directory(path: str) -> str:
    """Finds the SavedModel in a directory, or in its newest version.

    Args:
        path: a SavedModel, or a base directory in TF Serving's layout, such as OUT/serving/segue.

    Raises:
        ValueError: if there is neither.
    """
    import tensorflow as tf

    from serving.protocol import version_files

    if version_files.is_whole(path):
        return path
    if tf.io.gfile.isdir(path):
        newest = version_files.newest_with(path, version_files.MODEL_FILE)
        if newest:
            return newest
    raise ValueError(
        f"No model in {path}: expected saved_model.pb there or in a numbered version below it."
    )


def recommend(
    model: str,
    challenge: str,
    output: str,
    progress: Callable[[int], Any] = lambda _: None,
    team: Team | None = None,
) -> Written:
    """Writes a submission for every playlist of a challenge set.

    Args:
        model: a SavedModel or a base directory of versions.
        challenge: a `challenge_set.json`, which may be gzipped.
        output: the CSV file to write, gzipped where it ends in `.gz`.
        progress: called with the number of playlists done so far.
        team: who submits.

    Returns:
        How many playlists were written, and how many got fewer than 500 tracks.

    Raises:
        ValueError: if there is no model.
        ChallengeError: if the challenge set cannot be used.
    """
    import tensorflow as tf

    playlists = list(read_challenge(challenge))
    loaded = tf.saved_model.load(model_directory(model))
    if SERVING_EXAMPLES not in loaded.signatures:
        raise ValueError(
            f"{model} is not a model of Segue's: the signature {SERVING_EXAMPLES} is missing."
        )
    signature = loaded.signatures[SERVING_EXAMPLES]

    def answers() -> Iterator[tuple[int, list[str]]]:
        for start in range(0, len(playlists), _BATCH_SIZE):
            batch = playlists[start : start + _BATCH_SIZE]
            examples = tf.constant([playlist.serialize() for playlist in batch])
            recommended = signature(examples=examples)[TRACK_URIS].numpy()
            for playlist, uris in zip(batch, recommended, strict=True):
                yield playlist.pid, [uri.decode() for uri in uris if uri]
            progress(start + len(batch))

    seeds = {playlist.pid: playlist.tracks for playlist in playlists}
    return write_submission(output, seeds, answers(), team)
