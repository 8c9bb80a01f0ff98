"""Four tracks in four playlists, and a first stage whose vectors can be added up by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from models.contract import Catalogue, DotProductScorer, Playlists, Query, Ragged, TrainingData
from models.families.two_stage.features import Found, Shown, Sources
from models.families.two_stage.params import FeatureParams
from models.rows import row_ids

# Artist 0 has tracks 0 and 2, artist 1 track 1; that of track 3 is unknown.
DATA = TrainingData(
    catalogue=Catalogue(
        track_uris=np.array([b"t0", b"t1", b"t2", b"t3"], object),
        track_names=np.array([b"Song", b"Other", b"Song - Live", b""], object),
        artist_names=np.array([b"A", b"B", b"A", b""], object),
        artist_ids=np.array([0, 1, 0, -1]),
        album_ids=np.full(4, -1),
        counts=np.array([4, 2, 1, 1]),
    ),
    train=Playlists(
        Ragged.from_rows([[0, 1, 2], [0, 1], [0], [3, 0]]),
        *[Ragged.from_rows([[], [0], [], []])] * 2,
    ),
    num_artists=2,
    num_albums=0,
    num_title_ngrams=1,
)
VECTORS = np.array([[1, 0], [0, 1], [1, 1], [-1, 0]], np.float32)
TITLE = np.array([0, 2], np.float32)


class Sums(DotProductScorer):
    """A playlist's vector is the sum of its tracks', or of its title's where it has none."""

    uses_title = True

    def candidate_embeddings(self) -> tf.Tensor:
        return tf.constant(VECTORS)

    def query_embedding(self, query: Query) -> tf.Tensor:
        number = query.track_ids.nrows()
        vectors = tf.gather(tf.constant(VECTORS), query.track_ids.flat_values)
        sums = tf.math.unsorted_segment_sum(vectors, row_ids(query.track_ids), number)
        titles = tf.cast(query.title_ngram_ids.row_lengths(), tf.float32)[:, tf.newaxis] * TITLE
        has_tracks = query.track_ids.row_lengths() > 0
        return tf.where(has_tracks[:, tf.newaxis], sums, titles)

    def score(self, query: Query) -> tf.Tensor:
        return tf.matmul(self.query_embedding(query), VECTORS, transpose_b=True)


def sources(data: TrainingData = DATA, **params: int) -> Sources:
    rows = tf.Variable(VECTORS[: len(data.catalogue)])
    return Sources(data, Sums(), rows, FeatureParams(**params), seed=3)


def shown(
    tracks: Sequence[int],
    artists: Sequence[int] = (),
    title: bool = True,
    vector: Sequence[float] = (0, 0),
    title_vector: Sequence[float] = (0, 0),
    plays: Sequence[int] | None = None,
    listener: Sequence[float] = (),
) -> Shown:
    return Shown(
        track_ids=tf.constant(tracks, tf.int64),
        artist_ids=tf.constant(artists, tf.int64),
        has_title=tf.constant(title),
        vector=tf.constant(vector, tf.float32),
        title_vector=tf.constant(title_vector, tf.float32),
        seed_vectors=unit(tracks),
        plays=tf.constant([1] * len(tracks) if plays is None else plays, tf.int64),
        seed_artist_ids=tf.constant(DATA.catalogue.artist_ids[list(tracks)], tf.int64),
        listener=tf.constant(listener, tf.float32),
    )


def found(ids: Sequence[int], scores: Sequence[float] | None = None) -> Found:
    artists = tf.constant(DATA.catalogue.artist_ids[list(ids)], tf.int64)
    values = tf.constant([0.0] * len(ids) if scores is None else scores, tf.float32)
    return Found(
        scores=values,
        ids=tf.constant(ids, tf.int32),
        artist_ids=artists,
        vectors=unit(ids),
        best_score=tf.reduce_mean(values),
        places=tf.range(len(ids)),
        all_scores=values,
        all_artist_ids=artists,
    )


def unit(tracks: Sequence[int]) -> tf.Tensor:
    rows = tf.gather(tf.constant(VECTORS), tf.constant(tracks, tf.int32))
    return tf.math.l2_normalize(rows, axis=1)


def check(values: dict[str, tf.Tensor], expected: dict[str, object]) -> None:
    """Compares all features of a group, scalars too, with those expected."""
    assert list(values) == list(expected)
    for name, value in values.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-5, atol=1e-6, err_msg=name)
