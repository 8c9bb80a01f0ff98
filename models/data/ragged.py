"""Rows of ids, and what is done with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
import scipy.sparse
import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Ragged:
    """Rows of ids: row i is `values[splits[i]:splits[i + 1]]`.

    Attributes:
        values: int32 [V], the rows one after another.
        splits: int64 [R + 1], from 0 to V.
    """

    values: np.ndarray
    splits: np.ndarray

    @classmethod
    def from_rows(cls, rows: Iterable[Sequence[int] | np.ndarray]) -> Ragged:
        """Puts rows one after another."""
        kept = [np.asarray(row, np.int32) for row in rows]
        return cls(np.concatenate([np.zeros(0, np.int32), *kept]), _splits(map(len, kept)))

    @classmethod
    def from_tensor(cls, rows: tf.RaggedTensor, *, unique: bool) -> Ragged:
        """Takes over ids, but for unknown ones.

        Args:
            rows: integers, ragged [R, (S)]; unknown ids are negative.
            unique: whether to drop repeats within a row.
        """
        owners, values = rows.value_rowids().numpy(), rows.flat_values.numpy()
        known = values >= 0
        owners, values = owners[known], values[known]
        if unique and len(values):
            keys = owners * (values.max() + 1) + values
            first = np.sort(np.unique(keys, return_index=True)[1])
            owners, values = owners[first], values[first]
        lengths = np.bincount(owners, minlength=int(rows.nrows()))
        return cls(values.astype(np.int32), _splits(lengths))

    @classmethod
    def of_lengths(cls, values: np.ndarray, lengths: np.ndarray) -> Ragged:
        """Rows of so many ids each, int [R], one after another in `values`."""
        return cls(values.astype(np.int32), _splits(lengths))

    @classmethod
    def concatenate(cls, parts: Sequence[Ragged]) -> Ragged:
        """Puts the rows of several one after another."""
        values = np.concatenate([np.zeros(0, np.int32), *(part.values for part in parts)])
        lengths = np.concatenate([np.zeros(0, np.int64), *(part.lengths for part in parts)])
        return cls(values, _splits(lengths))

    def __len__(self) -> int:
        return len(self.splits) - 1

    @property
    def lengths(self) -> np.ndarray:
        """How many ids each row has, int64 [R]."""
        return np.diff(self.splits)

    def row(self, index: int) -> np.ndarray:
        """The ids of one row."""
        return self.values[self.splits[index] : self.splits[index + 1]]

    def select(self, rows: np.ndarray) -> Ragged:
        """Some rows, int [n], in the order given."""
        splits = _splits(self.lengths[rows])
        # Row by row: an index of every value would take twice the memory of the values.
        values = np.empty(splits[-1], self.values.dtype)
        for new, old in enumerate(rows):
            values[splits[new] : splits[new + 1]] = self.row(old)
        return Ragged(values, splits)

    def map_ids(self, new_ids: np.ndarray) -> Ragged:
        """Replaces ids, such as tracks by their artists.

        Args:
            new_ids: int [C], by old id; a negative one is unknown and left out.

        Returns:
            As many rows. Ids that become the same stay as many as they were.
        """
        values = new_ids[self.values]
        known = values >= 0
        kept = np.concatenate([[0], np.cumsum(known)])
        return Ragged(values[known].astype(np.int32), kept[self.splits])

    def to_csr(self, num_columns: int) -> scipy.sparse.csr_matrix:
        """How often each row holds each id, float32 [R, num_columns]."""
        ones = np.ones(len(self.values), np.float32)
        matrix = scipy.sparse.csr_matrix(
            (ones, self.values, self.splits), shape=(len(self), num_columns), copy=True
        )
        matrix.sum_duplicates()
        return matrix

    def to_tensor(self) -> tf.RaggedTensor:
        """The rows as int64 ragged [R, (S)]."""
        return tf.RaggedTensor.from_row_splits(
            tf.constant(self.values, tf.int64), tf.constant(self.splits, tf.int64), validate=False
        )


def _splits(lengths: Iterable[int]) -> np.ndarray:
    lengths = np.asarray(lengths if isinstance(lengths, np.ndarray) else list(lengths), np.int64)
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
