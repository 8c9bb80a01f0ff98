from __future__ import annotations

import numpy as np
import tensorflow as tf

from models.conformance import assert_same_recommendations
from models.contract import Query
from models.export.index.partitions import partition
from models.export.index.retriever import IndexRetriever
from models.export.index.search import PartitionedIndex
from models.export.retrieval import BruteForce, Retriever
from tests.models.export.index.index_fixture import Sums, normal
from tests.models.training_fixture import query

VECTORS = normal(60)
TRACKS = [[3], [], [5, 7, 9], [1], [59]]
NGRAMS = [[], [4], [2], [0], []]  # The fourth is no dot product.


def retrievers(probes: int = 12) -> tuple[IndexRetriever, BruteForce]:
    scorer = Sums(VECTORS)
    index = PartitionedIndex(VECTORS, partition(VECTORS, 12, 0), probes, 60)
    return IndexRetriever(scorer, index), BruteForce(scorer)


def best(retriever: Retriever, asked: Query, rows: int, count: int) -> tuple[list, np.ndarray]:
    """Ids and scores."""
    scores, ids = retriever.best(asked, tf.constant(rows), count)
    assert scores.shape == ids.shape == (rows, count)
    assert scores.dtype == tf.float32
    assert ids.dtype == tf.int32
    return ids.numpy().tolist(), scores.numpy()


def test_with_all_partitions_the_same_as_brute_force() -> None:
    index, brute_force = retrievers()
    asked = query(TRACKS, NGRAMS)
    assert_same_recommendations(best(index, asked, 5, 20), best(brute_force, asked, 5, 20))


def test_queries_that_are_no_dot_products_are_scored() -> None:
    index, _ = retrievers(probes=1)
    ids, scores = best(index, query(TRACKS, NGRAMS), 5, 3)
    assert ids[3] == [0, 2, 3]
    assert scores[3].tolist() == [1000, 998, 997]


def test_only_the_first_rows_are_answered() -> None:
    index, _ = retrievers()
    asked = query(TRACKS, NGRAMS)
    ids, scores = best(index, asked, 5, 10)
    for rows in range(5):
        assert_same_recommendations(best(index, asked, rows, 10), (ids[:rows], scores[:rows]))


def test_answers_do_not_depend_on_the_others() -> None:
    index, _ = retrievers(probes=2)
    ids, scores = best(index, query(TRACKS, NGRAMS), 5, 10)
    for row, (tracks, ngrams) in enumerate(zip(TRACKS, NGRAMS, strict=True)):
        alone = best(index, query([tracks], [ngrams]), 1, 10)
        assert_same_recommendations(alone, (ids[row : row + 1], scores[row : row + 1]))


def test_brute_force_masks_seeds_and_what_is_not_finite() -> None:
    vectors = np.array([[np.nan], [1], [2], [np.inf], [3]], np.float32)
    scorer = Sums(vectors)
    scores, ids = BruteForce(scorer).best(query([[1], [4, 2]]), tf.constant(2), 4)
    # Sums of seeds are 1 and 5; tracks score 1, 2, 3 and 5, 10, 15.
    assert ids.numpy()[:, :2].tolist() == [[4, 2], [1, ids.numpy()[1, 1]]]
    assert scores.numpy()[:, :3].tolist() == [[3, 2, -np.inf], [5, -np.inf, -np.inf]]
