"""Scores a fit on held-out playlists, as the exported model would answer them."""

from __future__ import annotations

from typing import Final

import numpy as np
import tensorflow as tf

from evaluation.metrics.base import mean
from evaluation.metrics.batch import Recommendations
from evaluation.metrics.ndcg import NDCG
from models.contract import Catalogue, Fit, Query
from models.data.holding_out import HeldOut
from models.export.recommender import num_recommendations
from models.export.retrieval import BruteForce, Reranked, Retriever

# Playlists that are scored at once: 32 rows over a catalogue of a million are 128 MB.
_ROWS: Final = 32


def ndcg(fit: Fit, catalogue: Catalogue, held_out: HeldOut) -> float:
    """Mean NDCG of recommending, 500 deep; withheld tracks that are not known count as missed.

    Args:
        fit: of the catalogue's tracks.
        catalogue: popular tracks answer a query that says nothing to the scorer.
        held_out: playlists with targets.

    Raises:
        ValueError: if a score is not finite, or there is no playlist to score on.
    """
    targets, num_targets = held_out.playlists.targets, held_out.playlists.num_targets
    if targets is None or num_targets is None or not len(targets):
        raise ValueError("There are no held-out playlists to score on.")
    recommended = recommend(fit, catalogue, held_out)
    batch = Recommendations.from_ids(
        recommended, (targets.values, targets.splits), num_relevant=num_targets
    )
    value = mean(NDCG().per_playlist(batch))
    if value is None:
        raise ValueError("No held-out playlist has a track to find.")
    return value


def recommend(fit: Fit, catalogue: Catalogue, held_out: HeldOut) -> np.ndarray:
    """The best tracks for held-out playlists by brute force, seeds left out.

    Returns:
        int32 [P, K] ids, best first, -1 where fewer than K candidates remain.
    """
    count = num_recommendations(catalogue)
    popular = np.argsort(-catalogue.counts, kind="stable")[:count].astype(np.int32)
    retriever: Retriever = BruteForce(fit.scorer)
    if fit.ranker is not None:
        retriever = Reranked(retriever, fit.ranker, len(catalogue))

    rows = tf.RaggedTensorSpec([None, None], tf.int64, ragged_rank=1, row_splits_dtype=tf.int64)

    @tf.function(input_signature=[Query(rows, rows, rows)])
    def best(query: Query) -> tuple[tf.Tensor, tf.Tensor]:
        return retriever.best(query, query.track_ids.nrows(), count)

    playlists, query = held_out.playlists, held_out.query()
    found = []
    for start in range(0, len(playlists), _ROWS):
        part = Query(*(rows[start : start + _ROWS] for rows in query))
        scores, ids = (values.numpy() for values in best(part))
        ids = np.where(np.isfinite(scores), ids, -1)
        found.append(np.where(fit.scorer.has_signal(part).numpy()[:, np.newaxis], ids, popular))
    return np.concatenate(found)
