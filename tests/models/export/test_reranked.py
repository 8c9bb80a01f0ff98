from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.contract import Query, Ranker, Scorer
from models.export.retrieval import BruteForce, Reranked
from tests.models.training_fixture import query

INF = float("inf")


class Rising(Scorer):
    """Track i scores i."""

    def score(self, query: Query) -> tf.Tensor:
        return tf.tile(tf.range(6.0)[tf.newaxis], [query.track_ids.nrows(), 1])


class Opposite(Ranker):
    depth = 3

    def rank(self, query: Query, scores: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
        return tf.where(tf.math.is_finite(scores), -scores, -INF)


def best(tracks: list[list[int]], count: int, rows: int | None = None) -> tuple[list, list]:
    retriever = Reranked(BruteForce(Rising()), Opposite(), 6)
    answered = len(tracks) if rows is None else rows
    scores, ids = retriever.best(query(tracks), tf.constant(answered), count)
    return scores.numpy().tolist(), ids.numpy().tolist()


def test_only_the_best_are_ranked_again() -> None:
    # Of 0 to 5 without the seed 4 the best three are 5, 3, 2, and the second stage turns them over.
    assert best([[4]], 3) == ([[-2, -3, -5]], [[2, 3, 5]])


def test_as_many_as_are_wanted() -> None:
    assert best([[]], 2) == ([[-3, -4]], [[3, 4]])
    assert best([[]], 5)[1] == [[1, 2, 3, 4, 5]]


def test_seeds_stay_out_where_few_are_left() -> None:
    scores, ids = best([[0, 1, 2, 3]], 6)
    assert scores[0][:2] == [-4, -5]
    assert ids[0][:2] == [4, 5]
    assert scores[0][2:] == [-INF] * 4


def test_rows_that_are_not_asked_for() -> None:
    scores, ids = best([[5], [4], []], 1, rows=2)
    assert np.shape(scores) == (2, 1)
    assert ids == [[2], [2]]
