"""Playlists to ask both versions about, where nobody gives any."""

from __future__ import annotations

import random
from typing import Final

from serving.client import RecommenderClient
from serving.protocol import Playlist

_TITLES: Final = (
    "road trip", "workout", "chill", "party", "sleep", "90s", "country", "rap", "summer 2017",
    "throwback", "study", "rock", "Christmas", "love songs", "gym", "jazz", "latin", "indie", "🔥",
    "my playlist",
)  # fmt: skip
_LENGTHS: Final = (0, 1, 1, 5, 5, 10, 10, 25, 25, 100)
_FIRST: Final = 40


def made_up(client: RecommenderClient, count: int = 200, seed: int = 0) -> tuple[Playlist, ...]:
    """Makes playlists of 0 to 100 tracks that a model knows, half of them with a title.

    Its tracks come out of its answers: those to common titles, and those to single tracks of them.

    Args:
        client: asks the model.
        count: how many.
        seed: of the choice.

    Raises:
        ServingError: the server did not answer, or refused.
        BadAnswerError: the server's model is not one of Segue's.
    """
    choose = random.Random(seed)
    asked = [Playlist(title) for title in _TITLES]
    known: dict[str, None] = {}
    for _ in range(2):
        answers = client.continue_playlists(asked, top=500, with_names=False)
        known |= dict.fromkeys(
            track.track_uri for answer in answers for track in answer.recommendations
        )
        singles = choose.sample(list(known), min(_FIRST, len(known)))
        asked = [Playlist("", (uri,)) for uri in singles]
    tracks = list(known)
    made = []
    for number in range(count):
        # A playlist of all that a model knows has no continuation.
        length = min(_LENGTHS[number % len(_LENGTHS)], len(tracks) // 2)
        title = choose.choice(_TITLES) if not length or choose.random() < 0.5 else ""
        made.append(Playlist(title, tuple(choose.sample(tracks, length))))
    return tuple(made)
