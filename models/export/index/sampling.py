"""Playlists that an index is tried on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from models.contract import DotProductScorer, Query, TrainingData
from models.data.holding_out import cut

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
    """Draws playlists as a server might be asked for them, cut as evaluation cuts its own.

    Args:
        data: the playlists of stop are drawn, and others where these are too few.
        count: how many, at most.
        seed: of the choice.

    Returns:
        The queries.
    """
    order = np.random.default_rng(seed).permutation(np.flatnonzero(data.train.track_ids.lengths))
    is_stop = np.isin(order, data.stop)
    rows = np.sort(np.concatenate([order[is_stop], order[~is_stop]])[:count])
    return cut(data, rows, np.arange(len(data.catalogue), dtype=np.int32), seed).query()


def embed(scorer: DotProductScorer, query: Query) -> Sample:
    """Makes vectors of queries.

    Returns:
        Those queries that an index answers by itself: their scores are dot products, nothing is
        added to them, and they are not all zero.
    """
    number = int(query.track_ids.nrows())
    vectors, suited = [np.zeros((0, 0), np.float32)], [np.zeros(0, bool)]
    for start in range(0, number, _BATCH):
        part = Query(*(rows[start : start + _BATCH] for rows in query))
        vectors.append(scorer.query_embedding(part).numpy())
        plain = scorer.is_dot_product(part).numpy()
        added = scorer.additions(part)
        if added is not None:
            plain &= added.ids.row_lengths().numpy() == 0
        suited.append(plain & vectors[-1].any(axis=1))
    if not number:
        return Sample(query, vectors[0])
    mask = np.concatenate(suited)
    kept = Query(*(tf.ragged.boolean_mask(rows, mask) for rows in query))
    return Sample(kept, np.concatenate(vectors[1:])[mask])
