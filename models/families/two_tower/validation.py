"""NDCG on the eval split while training goes on."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from evaluation.metrics.batch import DEPTH, Recommendations
from evaluation.metrics.ndcg import NDCG
from models.contract import Playlists
from models.families.shared.ragged import to_ragged
from models.families.two_tower.network import TwoTower

# Playlists that are scored at once.
_ROWS = 32


class Validation:
    """Continues held-out playlists and compares with what was withheld."""

    def __init__(self, playlists: Playlists):
        """Takes held-out playlists with targets; there may be none."""
        usable = np.zeros(0, np.int64)
        if playlists.targets is not None and playlists.num_targets is not None:
            usable = np.flatnonzero(playlists.num_targets)
        self._rows = usable
        self._playlists = playlists
        self._tracks = to_ragged(playlists.track_ids)
        self._titles = to_ragged(playlists.title_ngram_ids)

    def __bool__(self) -> bool:
        return bool(len(self._rows))

    def ndcg(self, network: TwoTower) -> float:
        """Mean NDCG, 500 deep with binary gains, where tracks that are not in train count too.

        Raises:
            ValueError: if there are no held-out playlists.
        """
        if not self:
            raise ValueError("There are no held-out playlists to validate on.")
        candidates = network.candidate_tower.all_tracks()
        depth = min(DEPTH, candidates.shape[0])

        @tf.function(reduce_retracing=True)
        def best(tracks: tf.RaggedTensor, titles: tf.RaggedTensor) -> tf.Tensor:
            queries = network.query_tower(network.query(tracks, titles))
            scores = tf.matmul(queries, candidates, transpose_b=True)
            seeds = tf.stack([tracks.value_rowids(), tracks.flat_values], axis=1)
            masked = tf.fill(tf.shape(seeds)[:1], -np.inf)
            return tf.math.top_k(tf.tensor_scatter_nd_update(scores, seeds, masked), depth).indices

        values = []
        for start in range(0, len(self._rows), _ROWS):
            rows = self._rows[start : start + _ROWS]
            found = best(tf.gather(self._tracks, rows), tf.gather(self._titles, rows)).numpy()
            values.append(NDCG().per_playlist(self._judged(rows, found)))
        return float(np.mean(np.concatenate(values)))

    def _judged(self, rows: np.ndarray, found: np.ndarray) -> Recommendations:
        targets, num_targets = self._playlists.targets, self._playlists.num_targets
        assert targets is not None
        assert num_targets is not None
        pairs = zip(rows, found, strict=True)
        hits = np.stack([np.isin(ids, targets.row(row)) for row, ids in pairs])
        return Recommendations(hits, np.ones_like(hits), num_targets[rows])
