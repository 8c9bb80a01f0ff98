"""Small training data for tests of models."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from models.conformance.playlists import ragged, training_data, two_genres, uri
from models.contract import Query

__all__ = ["query", "ragged", "training_data", "two_genres", "uri"]


def query(
    tracks: Sequence[Sequence[int]],
    ngrams: Sequence[Sequence[int]] | None = None,
    artists: Sequence[Sequence[int]] | None = None,
) -> Query:
    empty: list[list[int]] = [[] for _ in tracks]
    parts = [tracks, artists or empty, ngrams or empty]
    return Query(
        *(
            tf.ragged.constant(part, tf.int64, ragged_rank=1, row_splits_dtype=tf.int64)
            for part in parts
        )
    )
