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


def grouped(values: tf.Tensor, owners: tf.Tensor, count: tf.Tensor) -> tf.RaggedTensor:
    """Groups values by row.

    Args:
        values: [n], those of a row side by side.
        owners: int64 [n], the row of each, ascending.
        count: int64, B, how many rows there are.

    Returns:
        Ragged [B, (S)].
    """
    return tf.RaggedTensor.from_row_splits(
        values, _places_before(owners, tf.range(count + 1)), validate=False
    )


def keep(ragged: tf.RaggedTensor, kept: tf.Tensor) -> tf.RaggedTensor:
    """Leaves values out; the rows stay.

    Args:
        ragged: [B, (S)], with n values in all.
        kept: bool [n], which of them to keep.

    Returns:
        Ragged [B, (S')].
    """
    places, splits = places_of(kept), ragged.row_splits
    return tf.RaggedTensor.from_row_splits(
        tf.gather(ragged.flat_values, places),
        _places_before(tf.cast(places, splits.dtype), splits),
        validate=False,
    )


def window(ragged: tf.RaggedTensor, start: tf.Tensor, count: tf.Tensor) -> tf.RaggedTensor:
    """Takes rows that follow each other.

    Args:
        ragged: [B, (S)].
        start: int32, the first of them.
        count: int32, how many; all of them must be there.

    Returns:
        Ragged [count, (S)].
    """
    splits = ragged.row_splits[start : start + count + 1]
    values = tf.slice(ragged.flat_values, splits[:1], splits[-1:] - splits[:1])
    return tf.RaggedTensor.from_row_splits(values, splits - splits[0], validate=False)


def places_of(true: tf.Tensor) -> tf.Tensor:
    """Where a bool [n] is true: int64, ascending."""
    return tf.reshape(tf.where(true), [-1])


def contains(values: tf.RaggedTensor, asked: tf.Tensor) -> tf.Tensor:
    """Which of `asked`, int32 [R, m], are among the same row of `values` [R, (S)]: bool [R, m]."""
    # A number for each row and id, and one more, larger than all, so that there is always a next.
    step = tf.constant(1 << 32, tf.int64)
    known = tf.sort(values.flat_values + step * row_ids(values))
    known = tf.concat([known, [tf.int64.max]], axis=0)
    rows = tf.range(tf.shape(asked, tf.int64)[0])[:, tf.newaxis]
    keys = tf.reshape(tf.cast(asked, tf.int64) + step * rows, [-1])
    found = tf.equal(tf.gather(known, tf.searchsorted(known, keys)), keys)
    return tf.reshape(found, tf.shape(asked))


def _places_before(ascending: tf.Tensor, bounds: tf.Tensor) -> tf.Tensor:
    """How many of the ascending values lie below each bound."""
    found = tf.raw_ops.LowerBound(
        sorted_inputs=ascending[tf.newaxis], values=bounds[tf.newaxis], out_type=bounds.dtype
    )
    return tf.reshape(found, [-1])
