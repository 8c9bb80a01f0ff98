"""Which playlists are near, and whether they hold the candidate."""

from __future__ import annotations

from typing import Final

import numpy as np
import scipy.sparse
import tensorflow as tf

from models.families.two_stage.features.candidates import Found, Group, Shown
from models.families.two_stage.features.sources import Sources
from models.rows import row_ids

# Keeps the logarithm finite, and says how little a share is as good as none.
_LEAST: Final = 1e-4
# Keeps quotients finite.
_TINY: Final = 1e-12


class Neighbours(Group):
    """The share of near playlists that hold a candidate, by playlists' vectors.

    `neighbours` is log(sum_p w_p [p holds c] / sum_p w_p + 1e-4) with w_p = max(cos(x, u_p), 0)^4,
    for the playlist's vector x and those of train's playlists u_p, all of which they show.

    Tensors, for the at most P' playlists that are compared, with E entries in all: float32 [P', d],
    int32 [E] and int64 [N + 1]. With 20,000 playlists, 192 factors and 2.3 million tracks that is
    15 + 5 + 18 MB.
    """

    names = ("neighbours",)

    def __init__(self, sources: Sources):
        """Solves for the vectors of playlists.

        Args:
            sources: whose playlists are compared with.
        """
        super().__init__(name="neighbours")
        rows = sources.some_playlists(sources.params.neighbour_playlists)
        vectors = sources.playlist_vectors(rows)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _TINY)
        self._vectors = tf.Variable(vectors, trainable=False, name="playlist_vectors")
        held = sources.data.train.track_ids.select(rows)
        by_track = scipy.sparse.csr_matrix(held.to_csr(len(sources.data.catalogue)).T)
        self._splits = tf.Variable(by_track.indptr.astype(np.int64), trainable=False, name="splits")
        self._playlists = tf.Variable(
            by_track.indices.astype(np.int32), trainable=False, name="playlists"
        )

    def __call__(self, shown: Shown, found: Found) -> dict[str, tf.Tensor]:
        """See `Group`."""
        length = tf.maximum(tf.norm(shown.vector), _TINY)
        cosines = tf.linalg.matvec(self._vectors, shown.vector / length)
        weights = tf.square(tf.square(tf.maximum(cosines, 0.0)))
        starts = tf.gather(self._splits, found.ids)
        places = tf.ragged.range(starts, tf.gather(self._splits, found.ids + 1))
        held = tf.gather(weights, tf.gather(self._playlists, places.flat_values))
        sums = tf.math.unsorted_segment_sum(held, row_ids(places), tf.size(found.ids))
        share = sums / tf.maximum(tf.reduce_sum(weights), _TINY)
        return {"neighbours": tf.math.log(share + _LEAST)}
