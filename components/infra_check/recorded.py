"""Recorded queries: held-out playlists, as users would have asked to continue them."""

from __future__ import annotations

import random
from typing import Final

import tensorflow as tf

from components.example_records import first_records
from components.infra_check.queries import Query
from schema import features

# Playlists are spread over files by chance, so that the first ones are as good as any.
_MAX_READ: Final = 20_000


def sample(directory: str, count: int, seed: int) -> list[Query]:
    """Draws playlists at random.

    Args:
        directory: of a split: gzipped TFRecords of `tf.train.Example`s.
        count: how many to draw at most.
        seed: decides which.

    Returns:
        Queries with the playlist's title and those of its tracks that are not withheld.
    """
    rng = random.Random(seed)
    drawn: list[bytes] = []
    # Reservoir sampling (Vitter's algorithm R): no more in memory than is drawn.
    for index, serialized in enumerate(first_records(directory, _MAX_READ)):
        if index < count:
            drawn.append(serialized)
        elif (place := rng.randint(0, index)) < count:
            drawn[place] = serialized
    return [_query(index, serialized) for index, serialized in enumerate(drawn, start=1)]


def _query(index: int, serialized: bytes) -> Query:
    feature = tf.train.Example.FromString(serialized).features.feature
    name = feature[features.NAME].bytes_list.value
    return Query(
        f"recorded playlist {index}",
        name[0] if name else b"",
        tuple(feature[features.TRACK_URI].bytes_list.value),
        example=serialized,
    )
