"""Finds the vectors with the highest dot products, among those of a few partitions."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.export.index.partitions import Partitions, quantize


class PartitionedIndex(tf.Module):
    """Looks into the most promising partitions in 8 bits and scores the best of them exactly.

    One query at a time, so that the others of a batch do not decide where it looks. If the
    partitions hold too few candidates, more are looked into, so that none is missing at the end.
    """

    def __init__(
        self,
        vectors: np.ndarray,
        partitions: Partitions,
        probes: int,
        shortlist: int,
        precision: str = "float32",
    ):
        """Puts vectors in the order of their partitions.

        Args:
            vectors: float32 [N, d].
            partitions: of them.
            probes: partitions that a query looks into.
            shortlist: vectors that are scored exactly.
            precision: of the vectors for that, "float32" or "float16".
        """
        super().__init__(name="partitioned_index")
        self.probes = min(probes, len(partitions))
        self.shortlist = shortlist
        codes, scales = quantize(vectors, partitions.ids)
        self._codes = _variable(codes, "codes")
        self._scales = _variable(scales, "scales")
        del codes, scales
        self._vectors = _variable(vectors.astype(precision, copy=False)[partitions.ids], "vectors")
        self._ids = _variable(partitions.ids, "ids")
        self._splits = _variable(partitions.splits, "splits")
        # One partition a column, as one query is multiplied with all.
        self._means = _variable(np.ascontiguousarray(partitions.means.T), "means")
        self._variances = _variable(np.ascontiguousarray(partitions.variances.T), "variances")

    def search(self, query: tf.Tensor, seeds: tf.Tensor, count: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Finds the best for one query.

        Args:
            query: float32 [d].
            seeds: int [S], ids that are not to be found, without repeats.
            count: K.

        Returns:
            Scores float32 [K], best first, of equal ones the lower id first; and int32 [K] their
            ids. Where fewer than K candidates remain, the score is -inf and the id any. Scores
            that are not finite count as -inf.
        """
        seeds = tf.cast(seeds, tf.int32)
        rows = self._rows(query, count + tf.size(seeds))
        codes = tf.cast(tf.gather(self._codes, rows), tf.float32)
        rough = tf.linalg.matvec(codes, query) * tf.gather(self._scales, rows)
        # With room for the seeds, which are often the best, and not known to be seeds yet.
        size = tf.minimum(max(self.shortlist, count) + tf.size(seeds), tf.size(rows))
        rows = tf.gather(rows, tf.math.top_k(rough, size, sorted=False).indices)

        ids = tf.gather(self._ids, rows)
        by_id = tf.argsort(ids)
        ids, rows = tf.gather(ids, by_id), tf.gather(rows, by_id)
        vectors = tf.cast(tf.gather(self._vectors, rows), tf.float32)
        scores = tf.linalg.matvec(vectors, query)
        usable = tf.math.is_finite(scores) & ~_contains(seeds, ids)
        scores = tf.where(usable, scores, float("-inf"))
        missing = [[0, tf.maximum(count - tf.size(ids), 0)]]
        scores = tf.pad(scores, missing, constant_values=float("-inf"))
        scores, best = tf.math.top_k(scores, count)
        return scores, tf.gather(tf.pad(ids, missing), best)

    def _rows(self, query: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
        """The rows of the best partitions: int32 [n], at least `wanted` or all N."""
        across = query[tf.newaxis]
        promise = tf.matmul(across, self._means)  # As `Partitions.promise`.
        promise += tf.sqrt(tf.matmul(tf.square(across), self._variances))
        chosen = tf.math.top_k(promise[0], self.probes, sorted=False).indices
        splits = tf.convert_to_tensor(self._splits)

        def more() -> tf.Tensor:
            order = tf.math.top_k(promise[0], promise.shape[1]).indices
            sizes = tf.gather(splits, order + 1) - tf.gather(splits, order)
            enough = tf.searchsorted(tf.cumsum(sizes), wanted[tf.newaxis])[0] + 1
            return order[: tf.maximum(enough, self.probes)]

        found = tf.reduce_sum(tf.gather(splits, chosen + 1) - tf.gather(splits, chosen))
        chosen = tf.cond(found < wanted, more, lambda: chosen)
        return tf.ragged.range(tf.gather(splits, chosen), tf.gather(splits, chosen + 1)).flat_values


def _contains(values: tf.Tensor, asked: tf.Tensor) -> tf.Tensor:
    """Which of `asked` [n] are among `values` [m]: bool [n]."""
    # One more, larger than any id, so that there is always a next value to compare with.
    ordered = tf.sort(tf.concat([values, [values.dtype.max]], axis=0))
    return tf.equal(tf.gather(ordered, tf.searchsorted(ordered, asked)), asked)


def _variable(values: np.ndarray, name: str) -> tf.Variable:
    return tf.Variable(values, trainable=False, name=name)
