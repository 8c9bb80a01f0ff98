"""Rows of ragged tensors, found by few operations: every graph that trains or serves does it often.

TensorFlow's own `value_rowids` and `tf.ragged.boolean_mask` put some sixty operations into a graph
where a ragged tensor knows its row splits alone, and tracing them takes longer than running them.
"""

from __future__ import annotations

import tensorflow as tf


def row_ids(ragged: tf.RaggedTensor) -> tf.Tensor:
    """The row that each value stands in.

    Args:
        ragged: [B, (S)], with n values in all.

    Returns:
        [n] of the row splits' type, ascending.
    """
    # As many rows lie before a value as end at or before it.
    splits = ragged.row_splits
    places = tf.range(splits[-1])
    found = tf.raw_ops.UpperBound(
        sorted_inputs=splits[tf.newaxis, 1:], values=places[tf.newaxis], out_type=splits.dtype
    )
    return tf.reshape(found, [-1])


def keep(ragged: tf.RaggedTensor, kept: tf.Tensor) -> tf.RaggedTensor:
    """Leaves values out; the rows stay.

    Args:
        ragged: [B, (S)], with n values in all.
        kept: bool [n], which of them to keep.

    Returns:
        Ragged [B, (S')].
    """
    places = tf.reshape(tf.where(kept), [-1])
    return tf.RaggedTensor.from_value_rowids(
        tf.gather(ragged.flat_values, places),
        tf.gather(row_ids(ragged), places),
        ragged.nrows(),
        validate=False,
    )
