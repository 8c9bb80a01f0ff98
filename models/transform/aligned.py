"""Picks, playlist by playlist, a list of values that goes with its tracks one to one."""

from __future__ import annotations

import tensorflow as tf


# Traced once a process; Transform traces what calls it nine times.
@tf.function(autograph=False)
def first_aligned(tracks: tf.RaggedTensor, *candidates: tf.RaggedTensor) -> tf.RaggedTensor:
    """Takes, row by row, the first candidate that has as many values as tracks.

    Args:
        tracks: ragged [B, (S)].
        *candidates: string ragged [B, (any)], the preferred first.

    Returns:
        String ragged [B, (S)]; empty strings where no candidate fits.
    """
    chosen = tracks.with_flat_values(tf.fill(tf.shape(tracks.flat_values), ""))
    for candidate in reversed(candidates):
        fits = candidate.row_lengths() == tracks.row_lengths()
        rows = tf.size(fits, out_type=tf.int64)
        index = tf.range(rows) + tf.where(fits, tf.zeros_like(rows), rows)
        chosen = tf.gather(tf.concat([candidate, chosen], axis=0), index)
    return chosen
