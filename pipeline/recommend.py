"""Batch recommendations for a challenge set, in the submission format of the challenge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from components.ingest.challenge import read_challenge
from evaluation.submission import Team, Written, write_submission
from schema.signatures import SERVING_EXAMPLES, TRACK_URIS

_BATCH_SIZE = 64


def recommend(
    model: str,
    challenge: str,
    output: str,
    progress: Callable[[int], Any] = lambda _: None,
    team: Team | None = None,
    *,
    fall_back: bool | None = False,
    chosen: Callable[[str], Any] = lambda _: None,
) -> Written:
    """Writes a submission for every playlist of a challenge set.

    Args:
        model: a SavedModel or a base directory of versions.
        challenge: a `challenge_set.json`, which may be gzipped.
        output: the CSV file to write, gzipped where it ends in `.gz`.
        progress: called with the number of playlists done so far.
        team: who submits.
        fall_back: whether an older version that is whole may take the place of newer ones that are
            not; None where the caller has no option for that.
        chosen: called with the directory of the model that answers.

    Returns:
        How many playlists were written, and how many got fewer than 500 tracks.

    Raises:
        ValueError: if there is no model, or it is not whole.
        ChallengeError: if the challenge set cannot be used.
    """
    import tensorflow as tf

    from serving.protocol import saved_models

    playlists = list(read_challenge(challenge))
    directory = saved_models.choose(model, fall_back)
    chosen(directory)
    try:
        with saved_models.plainly_named(directory) as plain:
            loaded = tf.saved_model.load(plain)
    except Exception as error:
        # TensorFlow raises whatever the damage leads to: IndexError, KeyError, its own.
        raise ValueError(f"{directory} cannot be loaded: {' '.join(str(error).split())}") from error
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
