"""What a history says beyond its tracks: plays, their order, and who listens."""

from __future__ import annotations

import math
from typing import Final

import tensorflow as tf

from models.families.two_stage.features.candidates import Found, Group, Shown
from schema.features import LISTENER_COLUMNS

# By how much each later seed outweighs the one before it: 10 seeds back a weight is a half.
_DECAY: Final = math.log(2.0) / 10.0


class Listening(Group):
    """How often the candidate's artist was played, and what was played often or of late.

    With plays p_s of seed s, P in all, and n those of seeds by the candidate's artist:
    `artist_plays` is log(1 + n), `artist_plays_share` n / P; `played_cosine` is the cosine of the
    candidate with sum_s log(1 + p_s) y_s, `recent_cosine` with sum_s 2^(-a_s / 10) y_s, where y_s
    is a seed's unit vector and a_s the number of seeds played after it; `mean_plays` is log(P / S).
    The features of the listener are log(1 + value), 0 where not known, and `is_listener` is 1 where
    any is. A playlist is as a listener of whom nothing is known, who played each track once.
    """

    names = (
        "artist_plays",
        "artist_plays_share",
        "played_cosine",
        "recent_cosine",
        "mean_plays",
        "is_listener",
        *LISTENER_COLUMNS,
    )

    def __call__(self, shown: Shown, found: Found) -> dict[str, tf.Tensor]:
        """See `Group`."""
        plays = tf.cast(shown.plays, tf.float32)
        total = tf.reduce_sum(plays)
        by_artist = _of_artists(found.artist_ids, shown.seed_artist_ids, plays)
        count = tf.size(plays)
        age = tf.cast(count - 1 - tf.range(count), tf.float32)
        told = tf.where(tf.math.is_finite(shown.listener), shown.listener, 0.0)
        # A playlist has no values: those of nobody stand in for them.
        told = tf.concat([told, tf.zeros([len(LISTENER_COLUMNS)])], axis=0)
        told = tf.math.log1p(tf.maximum(told[: len(LISTENER_COLUMNS)], 0.0))
        known = tf.reduce_any(tf.math.is_finite(shown.listener))
        return {
            "artist_plays": tf.math.log1p(by_artist),
            "artist_plays_share": by_artist / tf.maximum(total, 1.0),
            "played_cosine": _cosines(found, shown, tf.math.log1p(plays)),
            "recent_cosine": _cosines(found, shown, tf.exp(-_DECAY * age)),
            "mean_plays": tf.math.log(
                tf.maximum(total, 1.0) / tf.cast(tf.maximum(count, 1), tf.float32)
            ),
            "is_listener": tf.cast(known, tf.float32),
            **dict(zip(LISTENER_COLUMNS, tf.unstack(told, len(LISTENER_COLUMNS)), strict=True)),
        }


def _cosines(found: Found, shown: Shown, weights: tf.Tensor) -> tf.Tensor:
    taste = tf.linalg.matvec(shown.seed_vectors, weights, transpose_a=True)
    return tf.linalg.matvec(found.vectors, tf.math.l2_normalize(taste))


def _of_artists(artists: tf.Tensor, of_seeds: tf.Tensor, plays: tf.Tensor) -> tf.Tensor:
    """The plays of seeds by each artist of `artists` [K], float32 [K], 0 where it is unknown."""
    distinct, group = tf.unique(tf.concat([of_seeds, artists], axis=0))
    seeds = tf.size(of_seeds)
    sums = tf.math.unsorted_segment_sum(plays, group[:seeds], tf.size(distinct))
    return tf.where(artists >= 0, tf.gather(sums, group[seeds:]), 0.0)
