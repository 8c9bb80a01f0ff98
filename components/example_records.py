"""Reads Examples of a split, as they lie in its files."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import tensorflow as tf


def first_records(directory: str, count: int) -> Iterator[bytes]:
    """Reads the first serialised Examples of a split.

    Args:
        directory: of the split: gzipped TFRecords, local or remote.
        count: how many to read at most.
    """
    files = sorted(tf.io.gfile.glob(os.path.join(directory, "*.gz")))
    records = tf.data.TFRecordDataset(files, compression_type="GZIP")
    return itertools.islice(records.as_numpy_iterator(), count)
