"""Reads listeners' histories in the order of time, inside the exported graph."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from models.rows import grouped, places_of, rows_of
from schema.features import LISTENER_COLUMNS


class Listeners(NamedTuple):
    """What is known of B playlists or listeners beside titles and tracks.

    Attributes:
        is_history: bool [B], whether the tracks are what somebody streamed, in the order of time:
            then a repeat counts as a play, and the last one decides the order.
        features: float32 ragged [B, (F)], as of a `Query`.
        excluded: string ragged [B, (E)], tracks that are not to be recommended, beside the seeds.
    """

    is_history: tf.Tensor
    features: tf.RaggedTensor
    excluded: tf.RaggedTensor

    @classmethod
    def none(cls, count: tf.Tensor) -> Listeners:
        """Nothing, of so many playlists, int64."""
        splits = tf.zeros([count + 1], tf.int64)
        features, excluded = (
            tf.RaggedTensor.from_row_splits(tf.zeros([0], dtype), splits, validate=False)
            for dtype in (tf.float32, tf.string)
        )
        return cls(tf.zeros([count], tf.bool), features, excluded)

    @classmethod
    def spec(cls) -> Listeners:
        """What `tf.function` is told of it."""
        features, excluded = (
            tf.RaggedTensorSpec([None, None], dtype, ragged_rank=1, row_splits_dtype=tf.int64)
            for dtype in (tf.float32, tf.string)
        )
        return cls(tf.TensorSpec([None], tf.bool), features, excluded)


def in_order(track_uris: tf.Tensor, timestamps: tf.Tensor) -> tf.RaggedTensor:
    """The streams of each listener from the first to the last.

    Nobody starts a track twice in a second, so that one that stands twice with the same time was
    streamed once. TF Serving pads requests that it batches by repeating a request's first stream.

    Args:
        track_uris: string [B, S], "" where there is none.
        timestamps: int64 [B, S], Unix seconds. Streams whose time is not known, 0 or less, come
            first, in the order given.

    Returns:
        string ragged [B, (S)].
    """
    width = tf.maximum(tf.shape(track_uris, tf.int64)[1], 1)
    uris = tf.reshape(track_uris, [-1])
    places = places_of(tf.not_equal(uris, ""))
    times = tf.maximum(tf.gather(tf.reshape(timestamps, [-1]), places), 0)
    # By time, and then by listener, in which sorting leaves the order of time.
    order = tf.argsort(times, stable=True)
    order = tf.gather(order, tf.argsort(tf.gather(places // width, order), stable=True))
    times, places = tf.gather(times, order), tf.gather(places, order)
    uris, owners = tf.gather(uris, places), places // width
    # A time that is not known stands for no other: a place below 0 does.
    moments = tf.where(times > 0, times, -places - 1)
    keys = (tf.strings.as_string(owners), tf.strings.as_string(moments), uris)
    stream = first_of_each(tf.strings.join(keys, separator=" "))
    rows = tf.shape(track_uris, tf.int64)[0]
    return grouped(tf.gather(uris, stream), tf.gather(owners, stream), rows)


def first_of_each(keys: tf.Tensor) -> tf.Tensor:
    """Where each key stands first: int32, ascending."""
    unique, group = tf.unique(keys)
    return tf.math.unsorted_segment_min(tf.range(tf.size(keys)), group, tf.size(unique))


def known_features(features: tf.Tensor) -> tf.RaggedTensor:
    """Features of listeners as a `Query` has them.

    Args:
        features: float32 [B, F], NaN or infinite where one is not known; F may be 0.

    Raises:
        InvalidArgumentError: when it is run, where F is neither 0 nor that of LISTENER_COLUMNS.
    """
    count = len(LISTENER_COLUMNS)
    sized = tf.debugging.Assert(
        tf.reduce_any(tf.equal(tf.shape(features)[1], [0, count])),
        [f"`features` must have 0 or {count} columns, not", tf.shape(features)[1]],
    )
    with tf.control_dependencies([sized]):
        known = tf.where(tf.math.is_finite(features), features, float("nan"))
    return rows_of(known)
