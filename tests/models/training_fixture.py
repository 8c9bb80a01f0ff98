"""Small training data for tests of models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from models.conformance.playlists import training_data, two_genres, uri
from models.contract import HeldOutPlaylists, Query, Ragged

__all__ = ["held_out", "query", "ragged", "training_data", "two_genres", "uri"]

ragged = Ragged.from_rows


def query(
    tracks: Sequence[Sequence[int]],
    ngrams: Sequence[Sequence[int]] | None = None,
    artists: Sequence[Sequence[int]] | None = None,
    mentions: Sequence[Sequence[int]] | None = None,
) -> Query:
    empty: list[list[int]] = [[] for _ in tracks]
    parts = [tracks, artists or empty, ngrams or empty, mentions or empty]
    return Query.of_playlists(
        *(
            tf.ragged.constant(part, tf.int64, ragged_rank=1, row_splits_dtype=tf.int64)
            for part in parts
        )
    )


def held_out(
    seeds: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
    num_targets: Sequence[int] | None = None,
    titles: Sequence[Sequence[int]] | None = None,
    artists: Sequence[Sequence[int]] | None = None,
    mentions: Sequence[Sequence[int]] | None = None,
) -> HeldOutPlaylists:
    """Playlists without titles and artists, and all targets known, unless told otherwise."""
    empty: list[list[int]] = [[] for _ in seeds]
    if num_targets is None:
        num_targets = [len(row) for row in targets]
    return HeldOutPlaylists(
        track_ids=ragged(seeds),
        artist_ids=ragged(artists or empty),
        title_ngram_ids=ragged(titles or empty),
        mention_ids=ragged(mentions or empty),
        targets=ragged(targets),
        num_targets=np.array(num_targets, np.int32),
        scenarios=np.array([""] * len(seeds), object),
    )
