"""What a playlist shows, what the first stage found for it, and how features count these."""

from __future__ import annotations

import abc
from typing import ClassVar, Final, NamedTuple

import numpy as np
import tensorflow as tf

# Keeps logarithms finite.
_LEAST: Final = 1e-3


class Shown(NamedTuple):
    """One playlist, as far as it is shown.

    Attributes:
        track_ids: int64 [S], the known seeds, in playlist order.
        artist_ids: int64 [T], the artists of seeds, once for each.
        has_title: bool scalar, whether its title has a known n-gram.
        vector: float32 [d], the first stage's.
        title_vector: float32 [d], what the first stage makes of the title alone.
        seed_vectors: float32 [S, e], of the known seeds, of unit length.
        plays: int64 [S], how often each known seed was heard.
        seed_artist_ids: int64 [S], the artist of each known seed, -1 where unknown.
        listener: float32 [F], features of who listens, NaN or none where they are not known.
    """

    track_ids: tf.Tensor
    artist_ids: tf.Tensor
    has_title: tf.Tensor
    vector: tf.Tensor
    title_vector: tf.Tensor
    seed_vectors: tf.Tensor
    plays: tf.Tensor
    seed_artist_ids: tf.Tensor
    listener: tf.Tensor


class Found(NamedTuple):
    """The K candidates to describe, of the L that the first stage found.

    Attributes:
        scores: float32 [K], the first stage's.
        ids: int32 [K].
        artist_ids: int64 [K], -1 where unknown.
        vectors: float32 [K, e], of unit length.
        best_score: float32 scalar, the mean of the first of all L.
        places: int32 [K], where they stand among all L.
        all_scores: float32 [L], best first.
        all_artist_ids: int64 [L].
    """

    scores: tf.Tensor
    ids: tf.Tensor
    artist_ids: tf.Tensor
    vectors: tf.Tensor
    best_score: tf.Tensor
    places: tf.Tensor
    all_scores: tf.Tensor
    all_artist_ids: tf.Tensor


class Group(tf.Module, abc.ABC):
    """Some features, computed by the same operations in training and in serving."""

    #: What they are called, in order.
    names: ClassVar[tuple[str, ...]]

    @abc.abstractmethod
    def __call__(self, shown: Shown, found: Found) -> dict[str, tf.Tensor]:
        """Describes candidates: by name float32 [K], or scalars that are the same for all."""


def occurrences(ids: tf.Tensor, among: tf.Tensor) -> tf.Tensor:
    """How often each of ids [K] is among others [M], as float32 [K]; unknown ones never are."""
    # Sorted, since a table of all pairs would grow with a request of any length.
    # One more, larger than any id, because nothing can be searched in none.
    ordered = tf.sort(tf.concat([among, [among.dtype.max]], axis=0))
    first, past = (tf.searchsorted(ordered, ids, side=side) for side in ("left", "right"))
    return tf.where(ids >= 0, tf.cast(past - first, tf.float32), 0.0)


def add_up(ids: tf.Tensor, others: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """Sums what belongs to each id, by work that does not grow with the catalogue.

    Args:
        ids: int32 [K], each once, K at least 1.
        others: int32 [M], some of which are among `ids`.
        values: float32 [M, C], of each of the others.

    Returns:
        float32 [K, C], 0 where an id is not among the others.
    """
    order = tf.argsort(ids, stable=True)
    ordered = tf.gather(ids, order)
    count = tf.size(ids)
    at = tf.minimum(tf.searchsorted(ordered, others), count - 1)
    is_there = tf.equal(tf.gather(ordered, at), others)
    place = tf.where(is_there, tf.gather(order, at), count)
    return tf.math.unsorted_segment_sum(values, place, count + 1)[:-1]


def logarithm(values: tf.Tensor) -> tf.Tensor:
    """log(value + 0.001), values below 0 counting as 0."""
    return tf.math.log(tf.maximum(values, 0.0) + _LEAST)


def ranks(groups: np.ndarray) -> np.ndarray:
    """How many of the same group come before each, int64 [N]."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    found = np.empty(len(order), np.int64)
    found[order] = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    return found
