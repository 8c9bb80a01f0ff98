"""Finds the vectors with the highest dot products, among those of a few partitions."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import tensorflow as tf

from models.export.index.partitions import Partitions, quantize
from models.rows import contains

_NONE: Final = float("-inf")
# Numbers that are turned from 8 bits to 32 at once: few enough to stay in a core's cache.
_AT_ONCE: Final = 1 << 17


class PartitionedIndex(tf.Module):
    """Looks into the most promising partitions in 8 bits and scores the best of them exactly.

    The other queries of a batch do not decide where it looks for one. If the partitions hold too
    few candidates, more are looked into, so that none is missing at the end.
    """

    def __init__(
        self,
        vectors: np.ndarray,
        partitions: Partitions,
        probes: int,
        shortlist: int,
        precision: str = "float32",
    ):
        """Puts codes in the order of their partitions.

        Args:
            vectors: float32 [N, d].
            partitions: of them.
            probes: partitions that a query looks into.
            shortlist: vectors that are scored exactly.
            precision: of the vectors for that, "float32" or "float16".
        """
        super().__init__(name="partitioned_index")
        count, size = partitions.ids.shape
        self.probes = min(probes, count)
        most = max(1, _AT_ONCE // (size * vectors.shape[1]))
        # As many groups as needed, all of about the same size.
        self._group = math.ceil(self.probes / math.ceil(self.probes / most))
        self.shortlist = shortlist
        ids = partitions.ids
        codes, scales = quantize(vectors)
        self._codes = _variable(codes[ids], "codes")
        self._scales = _variable(np.where(ids < 0, np.float32(np.nan), scales[ids]), "scales")
        del codes, scales
        # In the same order, as what is best in a partition is read from one place then.
        rows = np.maximum(ids, 0).reshape(-1)
        exact = tf.gather(vectors.astype(precision, copy=False), rows)
        self._vectors = tf.Variable(exact, trainable=False, name="vectors")
        del exact
        self._ids = _variable(ids, "ids")
        self._fills = _variable(np.count_nonzero(ids >= 0, axis=1).astype(np.int32), "fills")
        # One partition a column, as a few queries are multiplied with all.
        self._means = _variable(np.ascontiguousarray(partitions.means.T), "means")
        self._spreads = _variable(partitions.spreads, "spreads")

    def search(
        self, queries: tf.Tensor, seeds: tf.RaggedTensor, count: int
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Finds the best for each query.

        Args:
            queries: float32 [R, d].
            seeds: int64 ragged [R, (S)], ids that are not to be found, without repeats in a row.
            count: K.

        Returns:
            Scores float32 [R, K], best first, of equal ones the lower id first; and int32 [R, K]
            their ids. Where fewer than K candidates remain, the score is -inf and the id that of
            any vector.
            Scores that are not finite count as -inf.
        """
        lengths = tf.cast(seeds.row_lengths(), tf.int32)
        chosen, looked = self._choose(queries, count + lengths)
        rough = self._rough(queries, chosen)
        # Where a partition is not full, the scale is not a number.
        usable = tf.math.is_finite(rough)
        usable &= tf.sequence_mask(looked, tf.shape(chosen)[1])[:, :, tf.newaxis]
        size = self._ids.shape[1]
        rough = tf.where(usable, rough, _NONE)
        rough = tf.reshape(rough, [-1, tf.shape(chosen)[1] * size])
        # With room for the seeds, which are often the best, and not known to be seeds yet.
        wanted = max(self.shortlist, count) + lengths
        most = tf.reduce_max(tf.concat([[0], wanted], axis=0))
        places = tf.math.top_k(rough, tf.minimum(most, tf.shape(rough)[1])).indices
        rows = tf.gather(chosen, places // size, batch_dims=1) * size + places % size
        ids = tf.gather(tf.reshape(self._ids, [-1]), rows)
        ids = tf.where(tf.sequence_mask(wanted, tf.shape(ids)[1]), ids, -1)
        order = tf.argsort(ids, axis=1)  # Of equal scores the first is taken.
        ids, rows = (tf.gather(each, order, batch_dims=1) for each in (ids, rows))
        return self._exact(queries, ids, rows, seeds, count)

    def _choose(self, queries: tf.Tensor, wanted: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Chooses partitions.

        Args:
            queries: float32 [R, d].
            wanted: int32 [R], how many candidates a query needs.

        Returns:
            int32 [R, n], partitions; and int32 [R], how many of them to look into, the first ones,
            which hold at least `wanted` candidates or all there are.
        """
        promise = tf.matmul(queries, self._means)  # As `Partitions.promise`.
        promise += tf.norm(queries, axis=1, keepdims=True) * self._spreads
        chosen = tf.math.top_k(promise, self.probes).indices
        probes = tf.fill(tf.shape(wanted), self.probes)

        def more() -> tuple[tf.Tensor, tf.Tensor]:
            order = tf.math.top_k(promise, promise.shape[1]).indices
            held = tf.cumsum(tf.gather(self._fills, order), axis=1)
            short = tf.cast(held < wanted[:, tf.newaxis], tf.int32)
            needed = tf.minimum(tf.reduce_sum(short, axis=1) + 1, promise.shape[1])
            needed = tf.maximum(needed, probes)
            return order[:, : tf.reduce_max(needed)], needed

        found = tf.reduce_sum(tf.gather(self._fills, chosen), axis=1)
        return tf.cond(tf.reduce_any(found < wanted), more, lambda: (chosen, probes))

    def _rough(self, queries: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
        """Scores in 8 bits all that partitions hold.

        Args:
            queries: float32 [R, d].
            chosen: int32 [R, n].

        Returns:
            float32 [R, n, b], NaN where a partition is not full.
        """
        probes, (_, size, width) = tf.shape(chosen)[1], self._codes.shape
        # The last group of a query is filled up with any partition, whose scores are cut off.
        missing = [[0, 0], [0, -probes % self._group]]
        groups = tf.reshape(tf.pad(chosen, missing), [-1, self._group])
        per_query = (probes + self._group - 1) // self._group

        def scored(number: tf.Tensor) -> tf.Tensor:
            codes = tf.cast(tf.gather(self._codes, groups[number]), tf.float32)
            codes = tf.reshape(codes, [self._group * size, width])
            return tf.linalg.matvec(codes, queries[number // per_query])

        products = tf.map_fn(
            scored,
            tf.range(tf.shape(groups)[0]),
            fn_output_signature=tf.TensorSpec([self._group * size], tf.float32),
        )
        shape = [tf.shape(queries)[0], per_query * self._group, size]
        return tf.reshape(products, shape)[:, :probes] * tf.gather(self._scales, chosen)

    def _exact(
        self,
        queries: tf.Tensor,
        ids: tf.Tensor,
        rows: tf.Tensor,
        seeds: tf.RaggedTensor,
        count: int,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The best `count` of `ids`, as `search` answers.

        Args:
            queries: float32 [R, d].
            ids: int32 [R, m] in order, -1 for none.
            rows: int32 [R, m], where their vectors are.
            seeds: int64 ragged [R, (S)].
            count: K.
        """
        there = ids >= 0
        ids = tf.maximum(ids, 0)  # Callers look up whatever id they get.
        vectors = tf.cast(tf.gather(self._vectors, rows), tf.float32)
        scores = tf.linalg.matvec(vectors, queries)
        usable = tf.math.is_finite(scores) & there & ~contains(seeds, ids)
        missing = [[0, 0], [0, tf.maximum(count - tf.shape(ids)[1], 0)]]
        scores = tf.pad(tf.where(usable, scores, _NONE), missing, constant_values=_NONE)
        scores, best = tf.math.top_k(scores, count)
        return scores, tf.gather(tf.pad(ids, missing), best, batch_dims=1)


def _variable(values: np.ndarray, name: str) -> tf.Variable:
    return tf.Variable(values, trainable=False, name=name)
