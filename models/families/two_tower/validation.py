"""NDCG on held-out playlists while training goes on."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.contract import HeldOutPlaylists, Query
from models.data import validation
from models.export.retrieval import best_tracks
from models.families.two_tower.named_artists import added
from models.families.two_tower.network import TwoTower
from schema.signatures import MAX_RECOMMENDATIONS


class Validation:
    """Continues held-out playlists and compares with what was withheld."""

    def __init__(self, network: TwoTower, playlists: HeldOutPlaylists):
        """Takes the network that is trained, and held-out playlists."""
        self.network = network
        self._playlists = playlists
        # Traced once, and not at the end of every epoch.
        self._best = tf.function(self._best_tracks, autograph=False, reduce_retracing=True)

    def ndcg(self) -> float:
        """Mean NDCG, 500 deep with binary gains, where tracks that are not in train count too.

        Raises:
            ValueError: if there are no held-out playlists.
        """
        candidates = self.network.candidate_tower.all_tracks()

        def recommend(query: Query) -> np.ndarray:
            return self._best(query, candidates).numpy()

        return validation.ndcg(recommend, self._playlists)

    def _best_tracks(self, query: Query, candidates: tf.Tensor) -> tf.Tensor:
        scores = tf.matmul(self.network.query_tower(query), candidates, transpose_b=True)
        named_artists = self.network.named_artists
        if named_artists is not None:
            scores = added(scores, named_artists.additions(query))
        depth = min(MAX_RECOMMENDATIONS, candidates.shape[0])
        return best_tracks(scores, query.hidden_ids, depth)[1]
