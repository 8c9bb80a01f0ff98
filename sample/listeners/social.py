"""Who follows whom: mostly listeners of the same genre, and some of them far more than others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from sample import names
from sample.listeners.catalogue import Catalogue
from sample.listeners.kinds import DAY, SOCIAL, WorldSize
from sample.listeners.people import People

_MEAN_TIES: Final = 4.0
_MEAN_ARTISTS: Final = 3.0
_TRIES: Final = 8
_OTHER_GENRE: Final = 0.1  # of tries with listeners of another genre that end in a tie
_POPULAR: Final = 2.0  # exponent: the larger, the fewer have most of the followers
_BEFORE: Final = 700  # days before the first one in which ties began


def draw_follow(genres: np.ndarray, number: int, rng: np.random.Generator) -> int | None:
    """Draws whom a listener follows.

    Args:
        genres: uint8 [N], of all listeners.
        number: the listener's.
        rng: the listener's.

    Returns:
        The other's number; None where nobody was found.
    """
    others = (len(genres) * rng.random(_TRIES) ** _POPULAR).astype(np.int64)
    chances = np.where(genres[others] == genres[number], 1.0, _OTHER_GENRE)
    chances[others == number] = 0.0
    found = np.flatnonzero(rng.random(_TRIES) < chances)
    return int(others[found[0]]) if len(found) else None


def ties_before(size: WorldSize, catalogue: Catalogue, people: People) -> Iterator[dict[str, Any]]:
    """The ties that listeners had on the first day, by listener: rows of `schema.tables.FOLLOWS`.

    Who joins later has none yet.
    """
    world = catalogue.world
    for number in range(size.listeners):
        listener = people.listener(number)
        if listener.joined >= 0:
            continue
        rng = np.random.default_rng([size.seed, SOCIAL, number])
        count = int(rng.geometric(1 / (1 + _MEAN_TIES))) - 1
        drawn = (draw_follow(people.genres, number, rng) for _ in range(count))
        others = dict.fromkeys(other for other in drawn if other is not None)
        loved = int(rng.poisson(_MEAN_ARTISTS))
        cells = _near(catalogue, listener.taste, rng, loved)
        tracks = catalogue.draw(np.zeros(loved, dtype=np.int64), cells, rng.random(loved))
        artists = np.unique(catalogue.artist[tracks])
        since = size.start - 1 - rng.integers(_BEFORE * DAY, size=len(others) + len(artists))
        ties = [
            *((people.pseudonym(other), None) for other in others),
            *((None, names.uri(world.seed, "artist", int(artist))) for artist in artists),
        ]
        for (other, artist), time in zip(ties, since.tolist(), strict=True):
            yield {
                "listener_id": listener.listener_id,
                "followed_listener": other,
                "followed_artist": artist,
                "since": time,
            }


def _near(
    catalogue: Catalogue, taste: np.ndarray, rng: np.random.Generator, count: int
) -> np.ndarray:
    """Draws cells that a listener loves."""
    weights = np.exp(8.0 * (catalogue.cell_vectors @ taste).astype(np.float64))
    weights = np.cumsum(weights * catalogue.cell_weights[0])
    return np.searchsorted(weights, rng.random(count) * weights[-1], side="right")
