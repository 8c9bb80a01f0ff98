"""NDCG on the eval split while training goes on."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.contract import Playlists
from models.two_tower.network import TwoTower
from models.two_tower.seeds import to_ragged

# The RecSys Challenge 2018's depth.
_DEPTH = 500
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
        depth = min(_DEPTH, candidates.shape[0])

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
            values += [self._ndcg(row, ids) for row, ids in zip(rows, found, strict=True)]
        return float(np.mean(values))

    def _ndcg(self, row: int, recommended: np.ndarray) -> float:
        assert self._playlists.targets is not None
        assert self._playlists.num_targets is not None
        discounts = 1.0 / np.log2(np.arange(2, _DEPTH + 2))
        hits = np.isin(recommended, self._playlists.targets.row(row))
        ideal = discounts[: int(self._playlists.num_targets[row])].sum()
        return float(discounts[: len(hits)][hits].sum() / ideal)
