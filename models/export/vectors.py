"""The exported model of a family whose scores are dot products: it shows their vectors too."""

from __future__ import annotations

import tensorflow as tf

from models.contract import DotProductScorer
from models.export.recommender import Recommender
from models.rows import rows_of
from schema import signatures


class VectorRecommender(Recommender):
    """A recommender that shows the vectors of its first stage.

    Saving traces every function of a module, so one whose scorer has no vectors may not have these.
    """

    _scorer: DotProductScorer

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="name"),
            tf.TensorSpec([None, None], tf.string, name="track_uris"),
        ],
        autograph=False,
    )
    def playlist_vectors(self, name: tf.Tensor, track_uris: tf.Tensor) -> dict[str, tf.Tensor]:
        """Vectors of playlists, given as to `serving_default`.

        Returns:
            `vectors` float32 [B, d], to be multiplied with those of tracks, and `tracks_known`
            int64 [B], how many of a playlist's tracks are known.
        """
        query = self._queries.build(name, rows_of(track_uris))
        return {
            signatures.VECTORS: self._scorer.query_embedding(query),
            signatures.TRACKS_KNOWN: query.track_ids.row_lengths(),
        }

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string, name="track_uris")], autograph=False
    )
    def track_vectors(self, track_uris: tf.Tensor) -> dict[str, tf.Tensor]:
        """Vectors of tracks, string [n].

        Returns:
            `vectors` float32 [n, d], zeros where a track is unknown.
        """
        ids = self._queries.track_ids(track_uris)
        known = tf.cast(ids >= 0, tf.float32)[:, tf.newaxis]
        return {signatures.VECTORS: known * self._scorer.track_vectors(tf.maximum(ids, 0))}
