"""Batch recommendations for a challenge set, in the submission format of the challenge."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from components.ingest.challenge import ChallengePlaylist, read_challenge
from evaluation.submission import Team, Written, write_submission
from schema.signatures import PLAYLISTS, SERVING_EXAMPLES, TRACK_METADATA, TRACK_URIS

_Uri = TypeVar("_Uri", str, bytes)

_BATCH_SIZE = 64
_NAMES_AT_ONCE = 4096


@dataclasses.dataclass(frozen=True)
class Seeds:
    """What the model knows of the tracks of all playlists.

    Attributes:
        total: how many there are.
        known: how many of them the model knows; None where it cannot say.
        strange: playlists that have tracks of which the model knows none; None likewise.
        left_out: entries that are no tracks of Spotify's, and halves of characters, by kind.
    """

    total: int
    known: int | None
    strange: int | None
    left_out: Mapping[str, int]


def recommend(
    model: str,
    challenge: str,
    output: str,
    progress: Callable[[int], Any] = lambda _: None,
    team: Team | None = None,
    *,
    fall_back: bool | None = False,
    chosen: Callable[[str], Any] = lambda _: None,
) -> tuple[Written, Seeds]:
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
        How many playlists were written, how many got fewer than 500 tracks, and what the model
        knows of their tracks.

    Raises:
        ValueError: if there is no model, or it is not whole.
        ChallengeError: if the challenge set cannot be used.
    """
    import tensorflow as tf

    from serving.protocol import saved_models

    playlists = list(read_challenge(challenge))
    directory = saved_models.choose(model, fall_back)
    chosen(directory)
    loaded = load_model(directory)
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
    return write_submission(output, seeds, answers(), team), _seeds(loaded, playlists)


def load_model(directory: str) -> Any:
    """Loads a SavedModel.

    Raises:
        ValueError: it cannot be loaded.
    """
    import tensorflow as tf

    from serving.protocol import saved_models

    try:
        with saved_models.plainly_named(directory) as plain:
            return tf.saved_model.load(plain)
    except Exception as error:
        # TensorFlow raises whatever the damage leads to: IndexError, KeyError, its own.
        raise ValueError(f"{directory} cannot be loaded: {' '.join(str(error).split())}") from error


def known_tracks(loaded: Any, uris: Collection[_Uri]) -> set[_Uri] | None:
    """Those of the tracks that a loaded model knows; None where it cannot say."""
    import tensorflow as tf

    if TRACK_METADATA not in loaded.signatures:
        return None
    signature = loaded.signatures[TRACK_METADATA]
    if PLAYLISTS not in signature.structured_outputs:
        return None
    asked, known = sorted(uris), set()
    for start in range(0, len(asked), _NAMES_AT_ONCE):
        part = asked[start : start + _NAMES_AT_ONCE]
        counts = signature(track_uris=tf.constant(part))[PLAYLISTS].numpy()
        known |= {uri for uri, count in zip(part, counts, strict=True) if count > 0}
    return known


def _seeds(loaded: Any, playlists: Sequence[ChallengePlaylist]) -> Seeds:
    """Counts the tracks that a loaded model knows."""
    left_out: collections.Counter[str] = collections.Counter()
    for playlist in playlists:
        left_out.update(playlist.playlist.left_out)
    total = sum(len(playlist.tracks) for playlist in playlists)
    known = known_tracks(loaded, {uri for playlist in playlists for uri in playlist.tracks})
    if known is None:
        return Seeds(total, None, None, left_out)
    counts = [sum(uri in known for uri in each.tracks) for each in playlists if each.tracks]
    return Seeds(total, sum(counts), counts.count(0), left_out)
