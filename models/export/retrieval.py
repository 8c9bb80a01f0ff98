"""Finds the best tracks for queries; by brute force, unless an index does it."""

from __future__ import annotations

import abc
from typing import Final

import tensorflow as tf

from models.contract import Query, Ranker, Scorer
from models.export.top import top
from models.rows import row_ids

_MASKED: Final = float("-inf")


class Retriever(tf.Module, abc.ABC):
    """Finds the best tracks for queries."""

    @abc.abstractmethod
    def best(self, query: Query, rows: tf.Tensor, count: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Finds the best tracks that are not hidden.

        Args:
            query: R queries; R is the same at every call.
            rows: int32, how many of them to answer, from the first.
            count: K, how many tracks to find.

        Returns:
            Scores float32 [rows, K], best first, of equal ones the lower id first; and int32
            [rows, K] their ids. Where fewer than K candidates with a finite score remain, the
            score is -inf and the id any. The other queries change an answer by no more than
            rounding, which may turn ties around.
        """


class BruteForce(Retriever):
    """Scores every track."""

    def __init__(self, scorer: Scorer):
        super().__init__(name="brute_force")
        self._scorer = scorer

    def best(self, query: Query, rows: tf.Tensor, count: int) -> tuple[tf.Tensor, tf.Tensor]:
        """See `Retriever`."""
        return best_tracks(self._scorer.score(query), query.hidden_ids, count, rows)


def best_tracks(
    scores: tf.Tensor, hidden: tf.RaggedTensor, count: int, rows: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Takes the best tracks that are not hidden.

    Args:
        scores: float32 [R, N].
        hidden: int64 ragged [R, (S)], tracks that are not to be found, such as seeds.
        count: K, how many tracks to take.
        rows: int32, how many of the first rows to answer; None answers all.

    Returns:
        Scores float32 [rows, K], best first, and int32 [rows, K] their ids; of equal scores the
        lower id, which is the more frequent track. The score of a hidden one, and one that is not
        finite, is -inf.
    """
    # The sum tells in one pass whether any score is not finite, which is rare.
    scores = tf.cond(
        tf.math.is_finite(tf.reduce_sum(scores)),
        lambda: scores,
        lambda: tf.where(tf.math.is_finite(scores), scores, _MASKED),
    )
    pairs = tf.stack([row_ids(hidden), hidden.flat_values], axis=1)
    masked = tf.fill(tf.shape(pairs)[:1], _MASKED)
    scores = tf.tensor_scatter_nd_update(scores, pairs, masked)[:rows]
    return top(scores, count)


class Reranked(Retriever):
    """Has what another retriever finds put in a new order."""

    def __init__(self, retriever: Retriever, ranker: Ranker, num_tracks: int):
        """Puts the two stages together.

        Args:
            retriever: the first stage.
            ranker: the second stage.
            num_tracks: N, the catalogue's size.
        """
        super().__init__(name="reranked")
        self._retriever = retriever
        self._ranker = ranker
        self._depth = min(ranker.depth, num_tracks)

    def best(self, query: Query, rows: tf.Tensor, count: int) -> tuple[tf.Tensor, tf.Tensor]:
        """See `Retriever`; of equal scores the one that the first stage prefers comes first."""
        scores, ids = self._retriever.best(query, rows, max(self._depth, count))
        shown = Query(*(part[:rows] for part in query))
        scores = self._ranker.rank(shown, scores, ids)
        scores = tf.where(tf.math.is_finite(scores), scores, _MASKED)
        scores, order = tf.math.top_k(scores, count)
        return scores, tf.gather(ids, order, axis=1, batch_dims=1)
