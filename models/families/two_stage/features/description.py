"""All features of candidates, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import tensorflow as tf

from models.contract import Query
from models.families.two_stage.features.adjacency import Adjacency
from models.families.two_stage.features.artists import Artists
from models.families.two_stage.features.candidates import Found, Group, Shown
from models.families.two_stage.features.first_stage import FirstStage
from models.families.two_stage.features.items import Items
from models.families.two_stage.features.listening import Listening
from models.families.two_stage.features.nearest import Nearest
from models.families.two_stage.features.neighbours import Neighbours
from models.families.two_stage.features.songs import Songs
from models.families.two_stage.features.sources import Sources
from models.families.two_stage.features.standing import Standing

#: The features of playlists, in order. What they mean is said where they are computed.
NAMES: Final = (
    *FirstStage.names,
    *Artists.names,
    *Items.names,
    *Nearest.names,
    *Neighbours.names,
    *Adjacency.names,
    *Songs.names,
    *Standing.names,
)

# Candidates whose mean score is what a playlist's scores are compared with.
_BEST: Final = 100


class _Row(NamedTuple):
    """A playlist with its candidates; the first five are those of `Shown`."""

    track_ids: tf.Tensor
    artist_ids: tf.Tensor
    has_title: tf.Tensor
    vector: tf.Tensor
    title_vector: tf.Tensor
    scores: tf.Tensor
    ids: tf.Tensor
    places: tf.Tensor
    plays: tf.Tensor
    listener: tf.Tensor


class CandidateFeatures(tf.Module):
    """Describes the candidates of playlists by numbers.

    The first stage's dot product of two short vectors cannot say how many of the seeds are by a
    candidate's own artist, which playlists hold it, or beside what it stands there.
    """

    def __init__(self, sources: Sources, listening: bool = False):
        """Makes each group's tables.

        Args:
            sources: training data and the first stage.
            listening: whether to describe by plays and by who listens, too.

        Attributes:
            names: the features, in order.
        """
        super().__init__(name="candidate_features")
        data = sources.data
        self._scorer = sources.scorer
        self._tracks = sources.tracks
        self._artist_ids = tf.Variable(
            data.catalogue.artist_ids, trainable=False, name="artist_ids"
        )
        self._groups: Sequence[Group] = (
            FirstStage(),
            Artists(data.catalogue, data.num_artists, sources.scorer),
            Items(data),
            Nearest(),
            Neighbours(sources),
            Adjacency(sources),
            Songs(data.catalogue),
            Standing(),
            *([Listening()] if listening else []),
        )
        self.names = (*NAMES, *(Listening.names if listening else ()))

    def describe(
        self, query: Query, scores: tf.Tensor, ids: tf.Tensor, places: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Describes candidates of each playlist.

        Args:
            query: B playlists.
            scores: float32 [B, L], the first stage's, best first; where not finite, any finite
                description is given.
            ids: int32 [B, L].
            places: int32 [B, K], which of the L to describe; None describes all.

        Returns:
            float32 [B, K, len(self.names)].
        """
        scores = tf.where(tf.math.is_finite(scores), scores, 0.0)
        if places is None:
            everyone = tf.range(tf.shape(scores)[1])
            places = tf.broadcast_to(everyone, tf.shape(scores))
        has_title = query.title_ngram_ids.row_lengths() > 0
        vectors, title_vectors = self._vectors(query)
        # Playlist by playlist: each has its own number of seeds, and products of the same shapes,
        # whatever the batch.
        return tf.map_fn(
            self._described,
            _Row(
                query.track_ids,
                query.artist_ids,
                has_title,
                vectors,
                title_vectors,
                scores,
                ids,
                places,
                query.plays,
                query.listener_features,
            ),
            fn_output_signature=tf.TensorSpec([places.shape[1], len(self.names)], tf.float32),
        )

    def _described(self, row: _Row) -> tf.Tensor:
        seeds = self._unit_vectors(row.track_ids)
        shown = Shown(
            *row[:5],
            seed_vectors=seeds,
            plays=row.plays,
            seed_artist_ids=tf.gather(self._artist_ids, row.track_ids),
            listener=row.listener,
        )
        all_artist_ids = tf.gather(self._artist_ids, row.ids)
        ids = tf.gather(row.ids, row.places)
        found = Found(
            scores=tf.gather(row.scores, row.places),
            ids=ids,
            artist_ids=tf.gather(all_artist_ids, row.places),
            vectors=self._unit_vectors(ids),
            best_score=tf.reduce_mean(row.scores[:_BEST]),
            places=row.places,
            all_scores=row.scores,
            all_artist_ids=all_artist_ids,
        )
        features: dict[str, tf.Tensor] = {}
        for group in self._groups:
            features |= group(shown, found)
        shape = tf.shape(ids)
        return tf.stack([tf.broadcast_to(features[name], shape) for name in self.names], axis=1)

    def _vectors(self, query: Query) -> tuple[tf.Tensor, tf.Tensor]:
        """The first stage's vectors of playlists and of their titles alone, float32 [B, d]."""
        nothing = query.track_ids[:, :0]
        titles = Query.of_playlists(nothing, nothing, query.title_ngram_ids, query.mention_ids)
        # Together, which takes little longer than one of them.
        both = Query(*(tf.concat(columns, axis=0) for columns in zip(query, titles, strict=True)))
        vectors, title_vectors = tf.split(self._scorer.query_embedding(both), 2)
        return vectors, title_vectors

    def _unit_vectors(self, ids: tf.Tensor) -> tf.Tensor:
        return tf.math.l2_normalize(tf.gather(self._tracks, ids), axis=1)
