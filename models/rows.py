"""Rows of ragged tensors, found by few operations: every graph that trains or serves does it often.

TensorFlow's own `value_rowids` and `tf.ragged.boolean_mask` put some sixty operations into a graph
where a ragged tensor knows its row splits alone, and tracing them takes longer than running them.
So does a slice in brackets, which is four operations or more.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf


def rows_of(dense: tf.Tensor) -> tf.RaggedTensor:
    """The rows of a tensor [B, S] as they are, ragged [B, (S)] with splits of int64."""
    rows, width = tf.unstack(tf.shape(dense, tf.int64), 2)
    splits = _numbers(rows + 1) * width
    return tf.RaggedTensor.from_row_splits(tf.reshape(dense, [-1]), splits, validate=False)


def row_ids(ragged: tf.RaggedTensor) -> tf.Tensor:
    """The row that each value stands in.

    Args:
        ragged: [B, (S)], with n values in all.

    Returns:
        [n] of the row splits' type, ascending.
    """
    # As many rows lie before a value as end at or before it; the first split is no end.
    splits = ragged.row_splits
    places = _numbers(tf.size(ragged.flat_values, splits.dtype))
    found = tf.raw_ops.UpperBound(
        sorted_inputs=tf.expand_dims(splits, 0),
        values=tf.expand_dims(places, 0),
        out_type=splits.dtype,
    )
    return tf.squeeze(found, 0) - 1


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
        values, _places_before(owners, _numbers(count + 1)), validate=False
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


def beside(left: tf.RaggedTensor, right: tf.RaggedTensor) -> tf.RaggedTensor:
    """Puts the values of two ragged tensors' rows one after the other, as `tf.concat` does.

    Args:
        left: [B, (S)], with splits of int64.
        right: [B, (T)].

    Returns:
        Ragged [B, (S + T)].
    """
    # A value moves to the right by as many as the other holds in the rows before it, and one of
    # `right` by those of its own row too.
    passed = (
        tf.gather(right.row_splits, row_ids(left)),
        tf.gather(left.row_splits, row_ids(right) + 1),
    )
    parts = (left.flat_values, right.flat_values)
    places = [
        tf.cast(_numbers(tf.size(values, tf.int64)) + moved, tf.int32)
        for values, moved in zip(parts, passed, strict=True)
    ]
    return tf.RaggedTensor.from_row_splits(
        tf.dynamic_stitch(places, parts), left.row_splits + right.row_splits, validate=False
    )


def pad(parts: Sequence[tf.RaggedTensor], count: tf.Tensor | int) -> list[tf.RaggedTensor]:
    """Appends `count` empty rows to ragged tensors [B, (S)], each of as many rows."""
    last = tf.size(parts[0].row_splits) - 1
    places = tf.minimum(tf.range(last + 1 + count), last)
    return [
        tf.RaggedTensor.from_row_splits(
            part.flat_values, tf.gather(part.row_splits, places), validate=False
        )
        for part in parts
    ]


def window(
    parts: Sequence[tf.RaggedTensor], start: tf.Tensor, count: tf.Tensor
) -> list[tf.RaggedTensor]:
    """Takes rows that follow each other.

    Args:
        parts: [B, (S)], each of as many rows.
        start: int32, the first of the rows.
        count: int32, how many; all of them must be there.

    Returns:
        Ragged [count, (S)], a part each.
    """
    ends = tf.stack([start, start + count])
    first, size = tf.reshape(start, [1]), tf.reshape(count + 1, [1])
    taken = []
    for part in parts:
        splits = tf.slice(part.row_splits, first, size)
        before, past = tf.split(tf.gather(part.row_splits, ends), 2)
        values = tf.slice(part.flat_values, before, past - before)
        taken.append(tf.RaggedTensor.from_row_splits(values, splits - before, validate=False))
    return taken


def places_of(true: tf.Tensor) -> tf.Tensor:
    """Where a bool [n] is true: int64, ascending."""
    return tf.reshape(tf.where(true), [-1])


def contains(values: tf.RaggedTensor, asked: tf.Tensor) -> tf.Tensor:
    """Which of `asked`, int32 [R, m], are among the same row of `values` [R, (S)]: bool [R, m]."""
    # A number for each row and id, and one more, larger than all, so that there is always a next.
    step = tf.constant(1 << 32, tf.int64)
    known = tf.sort(values.flat_values + step * row_ids(values))
    known = tf.concat([known, [tf.int64.max]], axis=0)
    rows = tf.expand_dims(_numbers(tf.size(values.row_splits, tf.int64) - 1), 1)
    keys = tf.reshape(tf.cast(asked, tf.int64) + step * rows, [-1])
    found = tf.equal(tf.gather(known, _places_before(known, keys)), keys)
    return tf.reshape(found, tf.shape(asked))


def _numbers(count: tf.Tensor) -> tf.Tensor:
    """From 0 to before `count`; told its type, TensorFlow casts nothing."""
    return tf.range(count, dtype=count.dtype)


def _places_before(ascending: tf.Tensor, bounds: tf.Tensor) -> tf.Tensor:
    """How many of the ascending values lie below each bound."""
    found = tf.raw_ops.LowerBound(
        sorted_inputs=tf.expand_dims(ascending, 0),
        values=tf.expand_dims(bounds, 0),
        out_type=bounds.dtype,
    )
    return tf.squeeze(found, 0)
