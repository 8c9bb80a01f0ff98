"""Playlists that an index is tried on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from models.contract import DotProductScorer, Playlists, Query, TrainingData

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
    playlists = data.evaluation if held_out else data.train
    generator = np.random.default_rng(seed)
    size = min(count, len(playlists))
    chosen = np.sort(generator.choice(len(playlists), size, replace=False))
    tracks, ngrams = _rows(playlists, chosen)
    if not held_out:
        tracks = [row[: len(row) // 2] for row in tracks]
    artists = [data.catalogue.artist_ids[row] for row in tracks]
    return Query(_ragged(tracks), _ragged([row[row >= 0] for row in artists]), _ragged(ngrams))


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


def _rows(playlists: Playlists, chosen: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    tracks, ngrams = playlists.track_ids, playlists.title_ngram_ids
    return [tracks.row(i) for i in chosen], [ngrams.row(i) for i in chosen]


def _ragged(rows: list[np.ndarray]) -> tf.RaggedTensor:
    values = np.concatenate([np.zeros(0, np.int64), *rows]).astype(np.int64)
    splits = np.cumsum([0, *(len(row) for row in rows)])
    return tf.RaggedTensor.from_row_splits(values, splits.astype(np.int64), validate=False)
