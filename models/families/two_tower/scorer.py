"""What is exported: a playlist's vector times every track's."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.contract import Additions, DotProductScorer, Query
from models.families.shared import popularity_bias as bias
from models.families.two_tower.named_artists import added
from models.families.two_tower.network import TwoTower

# Embedded at once, so that a big catalogue's vectors are not there several times over.
_TRACKS_AT_ONCE = 1 << 16


class TwoTowerScorer(DotProductScorer):
    """Scores tracks by the dot product of two vectors, so that an index can search them too."""

    uses_title = True

    def __init__(
        self,
        network: TwoTower,
        counts: np.ndarray,
        popularity_bias: float = 0.0,
        second: TwoTower | None = None,
    ):
        """Takes the towers out of a trained network, or out of two.

        Args:
            network: trained.
            counts: int64 [N], how often train's playlists hold each track.
            popularity_bias: added to a track's score times log(count) / log(highest count).
            second: whose scores are averaged with the first's: vectors side by side.
        """
        super().__init__(name="two_tower")
        self._query_tower = network.query_tower
        self.uses_artists = network.query_tower.uses_artists
        self._named_artists = network.named_artists
        self._has_bias = popularity_bias != 0.0
        self._second_tower = None if second is None else second.query_tower
        towers = [part.candidate_tower for part in (network, second) if part is not None]
        self._share = 1.0 / len(towers)
        widths = [tower.tracks.shape[1] for tower in towers]
        width = sum(widths)
        # One track a column: a few queries times this is several times quicker than transposed.
        columns = np.empty((width + self._has_bias, len(counts)), np.float32)
        for start in range(0, len(counts), _TRACKS_AT_ONCE):
            ids = tf.range(start, min(start + _TRACKS_AT_ONCE, len(counts)), dtype=tf.int64)
            vectors = np.concatenate([tower(ids).numpy() for tower in towers], axis=1)
            columns[:width, start : start + _TRACKS_AT_ONCE] = vectors.T
        if self._has_bias:
            columns[width] = bias.popularity_bias(counts, popularity_bias)
        self._candidates = tf.Variable(columns, trainable=False, name="candidates")
        # Traced once for every graph that calls it: an exported model's, and those in which a
        # second stage finds and describes candidates.
        self._embedded_in_graphs = tf.function(
            self._embedded, input_signature=[Query.spec()], autograph=False
        )

    def candidate_embeddings(self) -> tf.Tensor:
        """float32 [N, d], of both networks, with one dimension more for a popularity bias."""
        return tf.transpose(self._candidates)

    def track_vectors(self, ids: tf.Tensor) -> tf.Tensor:
        """See `DotProductScorer`."""
        return tf.transpose(tf.gather(self._candidates, ids, axis=1))

    def track_rows(self) -> tf.Variable:
        """A vector of every track, one a row, to compare tracks by: float32 [N, e].

        Its dimensions are the first of a query's. It is what playlists are folded in by, where they
        are, which takes no memory of its own.
        """
        folded = self._query_tower.folded_tracks
        if folded is not None:
            return folded
        return tf.Variable(self.candidate_embeddings(), trainable=False, name="track_rows")

    def query_embedding(self, query: Query) -> tf.Tensor:
        """float32 [B, d], to be multiplied with `candidate_embeddings`."""
        if tf.executing_eagerly():
            return self._embedded(query)
        return self._embedded_in_graphs(query)

    def _embedded(self, query: Query) -> tf.Tensor:
        vectors = self._query_tower(query)
        if self._second_tower is not None:
            vectors = self._share * tf.concat([vectors, self._second_tower(query)], axis=1)
        if self._has_bias:
            vectors = tf.concat([vectors, tf.ones_like(vectors[:, :1])], axis=1)
        return vectors

    def score(self, query: Query) -> tf.Tensor:
        """See `Scorer`."""
        scores = tf.matmul(self.query_embedding(query), self._candidates)
        additions = self.additions(query)
        return scores if additions is None else added(scores, additions)

    def additions(self, query: Query) -> Additions | None:
        """What tracks by artists that the title names gain; see `NamedArtists`."""
        return None if self._named_artists is None else self._named_artists.additions(query)

    def has_signal(self, query: Query) -> tf.Tensor:
        """See `Scorer`; a title may name an artist and have no known n-gram."""
        signal = super().has_signal(query)
        if self._named_artists is not None:
            signal |= query.mention_ids.row_lengths() > 0
        return signal
