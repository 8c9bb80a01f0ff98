"""Artists that a title names: how likely a playlist is about them, and what their tracks gain."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import tensorflow as tf

from models.contract import Additions, Playlists, Query, TrainingData
from models.families.two_tower.params import NamedArtistParams
from models.rows import row_ids

# Of those that a title names, so many of the likeliest count, each by so many of its tracks at
# most: what a request costs is bounded, whatever its title is.
_ARTISTS: Final = 3
_TRACKS: Final = 500
_NOBODY: Final = -1


class Named(NamedTuple):
    """The artists that B titles name, likeliest first.

    Attributes:
        artist_ids: int64 [B, 3], -1 where there are fewer.
        probabilities: float32 [B, 3], that the playlist holds a track by them; 0 where there are
            fewer.
    """

    artist_ids: tf.Tensor
    probabilities: tf.Tensor


def mention_probabilities(
    playlists: Playlists, artist_ids: np.ndarray, num_artists: int, params: NamedArtistParams
) -> np.ndarray:
    """Estimates how likely a playlist whose title names an artist holds a track by them.

    p = (hits + n * prior) / (matches + n), where `matches` playlists have such a title, `hits` of
    them a track, and the prior is another one for names that are all of a title.

    Args:
        playlists: to learn from.
        artist_ids: int64 [N], of each track, -1 where unknown.
        num_artists: A.
        params: the priors, and n.

    Returns:
        float32 [2A], by `Query.mention_ids`.
    """
    matches = np.bincount(playlists.mention_ids.values, minlength=2 * num_artists)
    hits = np.zeros(2 * num_artists)
    for row in np.flatnonzero(playlists.mention_ids.lengths):
        mentions = playlists.mention_ids.row(row)
        there = np.isin(mentions // 2, artist_ids[playlists.track_ids.row(row)])
        hits[mentions[there]] += 1
    prior = np.tile([params.prior_part, params.prior_whole], num_artists)
    found = (hits + params.prior_strength * prior) / (matches + params.prior_strength)
    return found.astype(np.float32)


class NamedArtists(tf.Module):
    """Finds the artists that titles name, and adds to the scores of their tracks."""

    def __init__(self, data: TrainingData, params: NamedArtistParams):
        """Counts, and lists the tracks of each artist.

        Args:
            data: of A artists and N tracks.
            params: what the artists' tracks gain.
        """
        super().__init__(name="named_artists")
        owners = data.catalogue.artist_ids
        probabilities = mention_probabilities(data.train, owners, data.num_artists, params)
        # One more, for titles that name nobody.
        self._probabilities = _constant(np.append(probabilities, np.float32(0)), "probabilities")
        # An artist's tracks side by side, most frequent first as their ids are; first the unknown.
        self._tracks = _constant(np.argsort(owners, kind="stable").astype(np.int32), "tracks")
        ends = np.cumsum(np.bincount(owners + 1, minlength=data.num_artists + 1))
        self._ends = _constant(ends.astype(np.int64), "ends")
        logarithms = np.log(np.maximum(data.catalogue.counts, 1))
        gains = 1.0 + params.bonus_popularity * logarithms
        self._gains = _constant(gains.astype(np.float32), "gains")
        # By number of seeds; the last one is for all more.
        self._bonuses = _constant(np.array(params.bonuses, np.float32), "bonuses")

    def find(self, query: Query) -> Named:
        """The likeliest artists of each title."""
        nobody = tf.size(self._probabilities, out_type=tf.int64) - 1
        ids = query.mention_ids.to_tensor(-1)
        ids = tf.pad(ids, [[0, 0], [0, _ARTISTS]], constant_values=-1)
        ids = tf.where(ids < 0, nobody, ids)
        best = tf.math.top_k(tf.gather(self._probabilities, ids), _ARTISTS)
        ids = tf.gather(ids, best.indices, axis=1, batch_dims=1)
        return Named(tf.where(ids < nobody, ids // 2, _NOBODY), best.values)

    def additions(self, query: Query) -> Additions:
        """What the tracks of named artists gain: bonus * p * (1 + popularity * log(count))."""
        named = self.find(query)
        last = tf.size(self._bonuses, out_type=tf.int64) - 1
        bonus = tf.gather(self._bonuses, tf.minimum(num_seeds(query), last))[:, tf.newaxis]
        amounts = tf.reshape(bonus * named.probabilities, [-1])
        artists = tf.reshape(named.artist_ids, [-1])
        there = (artists != _NOBODY) & (amounts != 0.0)
        artists = tf.maximum(artists, 0)
        starts, ends = tf.gather(self._ends, artists), tf.gather(self._ends, artists + 1)
        ends = tf.where(there, tf.minimum(ends, starts + _TRACKS), starts)
        places = tf.ragged.range(starts, ends)
        ids = tf.gather(self._tracks, places.flat_values)
        values = tf.repeat(amounts, ends - starts) * tf.gather(self._gains, ids)
        splits = places.row_splits[::_ARTISTS]
        return Additions(
            tf.RaggedTensor.from_row_splits(ids, splits, validate=False),
            tf.RaggedTensor.from_row_splits(values, splits, validate=False),
        )


def added(scores: tf.Tensor, additions: Additions) -> tf.Tensor:
    """Adds to scores, float32 [B, N]."""
    pairs = tf.stack([row_ids(additions.ids), tf.cast(additions.ids.flat_values, tf.int64)], axis=1)
    return tf.cond(
        tf.size(additions.values.flat_values) > 0,
        lambda: tf.tensor_scatter_nd_add(scores, pairs, additions.values.flat_values),
        lambda: scores,
    )


def num_seeds(query: Query) -> tf.Tensor:
    """How many seeds are known, or have a known artist: int64 [B]."""
    return tf.maximum(query.track_ids.row_lengths(), query.artist_ids.row_lengths())


def _constant(values: np.ndarray, name: str) -> tf.Variable:
    return tf.Variable(values, trainable=False, name=name)
