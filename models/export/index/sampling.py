"""Playlists that an index is tried on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from models.contract import (
    DotProductScorer,
    HeldOutPlaylists,
    Playlists,
    Query,
    Ragged,
    TrainingData,
)

# Playlists whose vectors are made at once.
_BATCH = 64


class Sample(NamedTuple):
    """Q queries that are scored by dot products, and their vectors.

    Attributes:
        query: the queries.
        vectors: float32 [Q, d].
    """

    query: Query
    vectors: np.ndarray

    def part(self, queries: slice) -> Sample:
        """Some of the queries."""
        return Sample(Query(*(rows[queries] for rows in self.query)), self.vectors[queries])


def sample_queries(data: TrainingData, count: int, seed: int) -> Query:
    """Draws playlists as a server might be asked for them.

    Args:
        data: its evaluation playlists are drawn from, as they are; without any, those of train,
            of which the first half is shown.
        count: how many, at most.
        seed: of the choice.

    Returns:
        The queries.
    """
    held_out = len(data.evaluation) > 0
    playlists: Playlists | HeldOutPlaylists = data.evaluation if held_out else data.train
    generator = np.random.default_rng(seed)
    size = min(count, len(playlists))
    playlists = playlists.select(np.sort(generator.choice(len(playlists), size, replace=False)))
    tracks = playlists.track_ids
    if not held_out:
        tracks = Ragged.from_rows(
            tracks.row(index)[: length // 2] for index, length in enumerate(tracks.lengths)
        )
    artists = tracks.map_ids(data.catalogue.artist_ids)
    return Query(*(part.to_tensor() for part in (tracks, artists, playlists.title_ngram_ids)))


def embed(scorer: DotProductScorer, query: Query) -> Sample:
    """Makes vectors of queries.

    Returns:
        Those queries that an index can answer: their scores are dot products, and not all zero.
    """
    number = int(query.track_ids.nrows())
    vectors, suited = [np.zeros((0, 0), np.float32)], [np.zeros(0, bool)]
    for start in range(0, number, _BATCH):
        part = Query(*(rows[start : start + _BATCH] for rows in query))
        vectors.append(scorer.query_embedding(part).numpy())
        suited.append(scorer.is_dot_product(part).numpy() & vectors[-1].any(axis=1))
    if not number:
        return Sample(query, vectors[0])
    mask = np.concatenate(suited)
    kept = Query(*(tf.ragged.boolean_mask(rows, mask) for rows in query))
    return Sample(kept, np.concatenate(vectors[1:])[mask])
