"""What the second stage knows about a candidate, beside a playlist's seeds."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import tensorflow as tf

from models.contract import Catalogue

#: The features, in order. What they mean is said where they are computed.
NAMES: Final = (
    "score",
    "log_score",
    "relative_score",
    "best_score",
    "artist_seeds",
    "artist_share",
    "log_artist_share",
    "artist_candidates",
    "count",
    "artist_count",
    "artist_tracks",
    "share_of_artist",
    "seed_count",
    "count_beside_seeds",
    "num_seeds",
    "distinct_artists",
    "has_title",
)

# Candidates whose mean score is what a playlist's scores are compared with.
_BEST: Final = 100
# Candidates among which those of the same artist are counted.
_NEIGHBOURHOOD: Final = 50
# Keeps logarithms finite.
_LEAST: Final = 1e-3


class Shown(NamedTuple):
    """One playlist, as far as it is shown.

    Attributes:
        track_ids: int64 [S], the known seeds.
        artist_ids: int64 [T], the artists of seeds, once for each.
        has_title: bool scalar, whether its title has a known n-gram.
    """

    track_ids: tf.Tensor
    artist_ids: tf.Tensor
    has_title: tf.Tensor


class CandidateFeatures(tf.Module):
    """Describes the candidates of a playlist by numbers.

    The first stage's dot product of two short vectors cannot say how many of the seeds are by a
    candidate's own artist. That, and how popular track and artist are, makes up for most of it.
    """

    def __init__(self, catalogue: Catalogue, num_artists: int):
        """Counts what artists have.

        Args:
            catalogue: N tracks.
            num_artists: A.
        """
        super().__init__(name="candidate_features")
        known = catalogue.artist_ids >= 0
        owners = catalogue.artist_ids[known]
        # One more, for unknown artists, at the end.
        artist_counts = np.bincount(owners, catalogue.counts[known], minlength=num_artists + 1)
        artist_tracks = np.bincount(owners, minlength=num_artists + 1)
        self._artist_ids = tf.Variable(catalogue.artist_ids, trainable=False, name="artist_ids")
        self._counts = _logarithms(catalogue.counts, "counts")
        self._artist_counts = _logarithms(artist_counts, "artist_counts")
        self._artist_tracks = _logarithms(artist_tracks, "artist_tracks")
        self._unknown = num_artists

    def __call__(self, shown: Shown, scores: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
        """Describes L candidates of one playlist.

        Args:
            shown: the playlist.
            scores: float32 [L], the first stage's, best first, finite.
            ids: int32 [L].

        Returns:
            float32 [L, len(NAMES)].
        """
        artists = tf.gather(self._artist_ids, ids)
        num_seeds = tf.cast(tf.size(shown.artist_ids), tf.float32)
        by_artist = _occurrences(artists, shown.artist_ids)
        artist_share = by_artist / tf.maximum(num_seeds, 1.0)
        distinct = tf.cast(tf.size(tf.unique(shown.artist_ids)[0]), tf.float32)
        best = tf.reduce_mean(scores[:_BEST])

        counts = tf.gather(self._counts, ids)
        owners = tf.where(artists < 0, tf.constant(self._unknown, tf.int64), artists)
        artist_counts = tf.gather(self._artist_counts, owners)
        seed_counts = tf.gather(self._counts, shown.track_ids)
        num_known = tf.cast(tf.size(seed_counts), tf.float32)
        seed_count = tf.reduce_sum(seed_counts) / tf.maximum(num_known, 1.0)
        beside_seeds = tf.where(num_known > 0, counts - seed_count, tf.zeros_like(counts))

        features = {
            "score": scores,
            "log_score": _log(scores),
            "relative_score": scores / tf.maximum(best, _LEAST),
            "best_score": _log(best),
            "artist_seeds": tf.math.log1p(by_artist),
            "artist_share": artist_share,
            "log_artist_share": _log(artist_share),
            "artist_candidates": _occurrences(artists, artists[:_NEIGHBOURHOOD]),
            "count": counts,
            "artist_count": artist_counts,
            "artist_tracks": tf.gather(self._artist_tracks, owners),
            "share_of_artist": counts - artist_counts,
            "seed_count": seed_count,
            "count_beside_seeds": beside_seeds,
            "num_seeds": tf.math.log1p(num_seeds),
            "distinct_artists": distinct / tf.maximum(num_seeds, 1.0),
            "has_title": tf.cast(shown.has_title, tf.float32),
        }
        columns = [tf.broadcast_to(features[name], tf.shape(scores)) for name in NAMES]
        return tf.stack(columns, axis=1)


def _occurrences(ids: tf.Tensor, among: tf.Tensor) -> tf.Tensor:
    """How often each of ids [L] is among others [M], as float32 [L]; unknown ones never are."""
    # Sorted, since a table of all pairs would grow with a request of any length.
    # One more, larger than any id, because nothing can be searched in none.
    ordered = tf.sort(tf.concat([among, [among.dtype.max]], axis=0))
    first, past = (tf.searchsorted(ordered, ids, side=side) for side in ("left", "right"))
    return tf.where(ids >= 0, tf.cast(past - first, tf.float32), 0.0)


def _log(values: tf.Tensor) -> tf.Tensor:
    return tf.math.log(tf.maximum(values, 0.0) + _LEAST)


def _logarithms(counts: np.ndarray, name: str) -> tf.Variable:
    return tf.Variable(
        np.log(np.maximum(counts, 1)).astype(np.float32), trainable=False, name=f"log_{name}"
    )
