"""Rows of ids as TensorFlow's ragged tensors."""

from __future__ import annotations

import tensorflow as tf

from models.contract import Ragged


def to_ragged(rows: Ragged) -> tf.RaggedTensor:
    """Rows of ids as a tensor, int64 ragged [R, (S)]."""
    return tf.RaggedTensor.from_row_splits(
        tf.constant(rows.values, tf.int64), tf.constant(rows.splits, tf.int64), validate=False
    )
