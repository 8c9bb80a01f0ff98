"""Scores a fit on held-out playlists, as the exported model would answer them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from models.contract import Catalogue, Fit, HeldOutPlaylists, Query
from models.data import validation
from models.export.recommender import num_recommendations
from models.export.retrieval import BruteForce, Reranked, Retriever


def ndcg(fit: Fit, catalogue: Catalogue, held_out: HeldOutPlaylists) -> float:
    """Mean NDCG of a fit's recommendations; see `models.data.validation.ndcg`."""
    return validation.ndcg(recommender(fit, catalogue), held_out)


def recommender(fit: Fit, catalogue: Catalogue) -> Callable[[Query], np.ndarray]:
    """Makes a function that recommends by brute force, as the exported model would.

    Args:
        fit: of N tracks.
        catalogue: these tracks; the popular ones answer a query that says nothing to the scorer.

    Returns:
        A function of a query of n playlists that gives int32 [n, K] ids of tracks, best first,
        seeds left out, K = min(500, N); -1 where no candidate is left.
    """
    count = num_recommendations(catalogue)
    popular = np.argsort(-catalogue.counts, kind="stable")[:count].astype(np.int32)
    retriever: Retriever = BruteForce(fit.scorer)
    if fit.ranker is not None:
        retriever = Reranked(retriever, fit.ranker, len(catalogue))

    @tf.function(input_signature=[Query.spec()], autograph=False)
    def best(query: Query) -> tuple[tf.Tensor, tf.Tensor]:
        return retriever.best(query, query.track_ids.nrows(), count)

    def recommend(query: Query) -> np.ndarray:
        scores, ids = (values.numpy() for values in best(query))
        ids = np.where(np.isfinite(scores), ids, -1)
        return np.where(fit.scorer.has_signal(query).numpy()[:, np.newaxis], ids, popular)

    return recommend
