"""NDCG on held-out playlists while training goes on."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.contract import HeldOutPlaylists, Query
from models.data import validation
from models.export.retrieval import best_tracks
from models.families.two_tower.network import TwoTower
from schema.signatures import MAX_RECOMMENDATIONS


class Validation:
    """Continues held-out playlists and compares with what was withheld."""

    def __init__(self, playlists: HeldOutPlaylists):
        """Takes held-out playlists."""
        self._playlists = playlists

    def ndcg(self, network: TwoTower) -> float:
        """Mean NDCG, 500 deep with binary gains, where tracks that are not in train count too.

        Raises:
            ValueError: if there are no held-out playlists.
        """
        candidates = network.candidate_tower.all_tracks()
        depth = min(MAX_RECOMMENDATIONS, candidates.shape[0])

        @tf.function(reduce_retracing=True)
        def best(query: Query) -> tf.Tensor:
            scores = tf.matmul(network.query_tower(query), candidates, transpose_b=True)
            return best_tracks(scores, query.track_ids, depth)[1]

        def recommend(query: Query) -> np.ndarray:
            return best(query).numpy()

        return validation.ndcg(recommend, self._playlists)
