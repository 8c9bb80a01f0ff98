"""The second stage: less of what is known and of the same."""

from __future__ import annotations

from typing import Final

import numpy as np
import tensorflow as tf

from models.contract import Query, Ranker

# How far apart two values are for the better one to count as before the other for certain: two that
# float error may turn around count as half before each other, whichever way they lie.
_BLUR: Final = 0.02
# The order of the norm that stands for a maximum.
_ORDER: Final = 8


class ExploringRanker(Ranker):
    """Scores value_i - diversity * likeness_i, where value is relevance + novelty weight * novelty.

    Relevance is the first stage's score, from 0 for its last candidate to 1 for its first. Likeness
    is how much a candidate's vector points where that of the most similar candidate of higher
    value does: (sum_j (before_ij max(cos_ij, 0))^8)^(1/8), with before_ij = sigmoid((value_j -
    value_i) / 0.02). So of tracks that are alike the best stays where it is, as with maximal
    marginal relevance. That goes track by track, where a difference by float error in one choice
    changes all that follow; here all is computed at once, and small differences stay small.
    """

    def __init__(
        self, tracks: tf.Variable, counts: np.ndarray, playlists: int, depth: int, *,
        novelty: float, diversity: float,
    ):  # fmt: skip
        """Takes over vectors, and computes novelty.

        Args:
            tracks: float32 [N, d], to compare tracks by.
            counts: int64 [N], in how many playlists each track is.
            playlists: how many there are.
            depth: how many candidates to take.
            novelty: weight of novelty.
            diversity: weight of likeness.
        """
        super().__init__(name="exploring_ranker")
        self.depth = depth
        self._tracks = tracks
        self._weights = novelty, diversity
        # 0 for a track that all playlists hold, 1 for one that is in a single one.
        most = np.log2(max(playlists, 2))
        rarity = 1.0 - np.log2(np.maximum(counts, 1)) / most
        self._novelty = tf.Variable(rarity.astype(np.float32), trainable=False, name="novelty")

    def rank(self, query: Query, scores: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
        """See `Ranker`."""
        del query
        found = tf.math.is_finite(scores)
        highest = tf.reduce_max(scores, axis=1, keepdims=True)
        lowest = tf.reduce_min(tf.where(found, scores, highest), axis=1, keepdims=True)
        relevance = tf.math.divide_no_nan(scores - lowest, highest - lowest)
        novelty, diversity = self._weights
        value = tf.where(found, relevance, 0.0) + novelty * tf.gather(self._novelty, ids)
        if diversity:
            # Playlist by playlist: the pairs of one are as many as memory should hold at once.
            value -= diversity * tf.map_fn(
                lambda row: self._likeness(*row),
                (value, ids, found),
                fn_output_signature=tf.TensorSpec([scores.shape[1]], tf.float32),
            )
        return tf.where(found, value, float("-inf"))

    def _likeness(self, value: tf.Tensor, ids: tf.Tensor, found: tf.Tensor) -> tf.Tensor:
        """How much each of L candidates is like those before it: float32 [L]."""
        units = tf.math.l2_normalize(tf.gather(self._tracks, ids), axis=1)
        cosines = tf.maximum(tf.matmul(units, units, transpose_b=True), 0.0)
        before = tf.sigmoid((value[tf.newaxis] - value[:, tf.newaxis]) / _BLUR)
        before = tf.where(found[tf.newaxis], before, 0.0)
        before = tf.linalg.set_diag(before, tf.zeros_like(value))
        return tf.reduce_sum((before * cosines) ** _ORDER, axis=1) ** (1.0 / _ORDER)
