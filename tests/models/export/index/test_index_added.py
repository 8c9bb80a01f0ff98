from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from models.conformance import assert_same_recommendations
from models.contract import Query
from models.export.index.partitions import partition
from models.export.index.retriever import IndexRetriever
from models.export.index.search import PartitionedIndex
from models.export.retrieval import BruteForce
from tests.models.export.index.index_fixture import ADDED_IDS, ADDED_VALUES, Added, normal
from tests.models.training_fixture import query

VECTORS = normal(60)
TRACKS = [[3], [5, 7], [1], [59], []]
MENTIONS: list[list[int]] = [[0], [0], [], [1], []]


def retrievers(probes: int) -> tuple[IndexRetriever, BruteForce]:
    scorer = Added(VECTORS)
    index = PartitionedIndex(VECTORS, partition(VECTORS, 12, 0), probes, 100)
    return IndexRetriever(scorer, index), BruteForce(scorer)


def best(
    retriever: IndexRetriever | BruteForce, asked: Query, count: int
) -> tuple[list, np.ndarray]:
    scores, ids = retriever.best(asked, tf.constant(asked.track_ids.nrows()), count)
    assert scores.shape == ids.shape == (asked.track_ids.nrows(), count)
    return ids.numpy().tolist(), scores.numpy()


def test_with_all_partitions_the_same_as_brute_force() -> None:
    index, brute_force = retrievers(60)
    asked = query(TRACKS, mentions=MENTIONS)
    assert_same_recommendations(best(index, asked, 30), best(brute_force, asked, 30))


def test_tracks_that_gain_are_found_wherever_they_lie_but_no_seeds() -> None:
    index, _ = retrievers(1)
    ids, scores = best(index, query(TRACKS, mentions=MENTIONS), 3)
    # Track 3 gains most, and is a seed of the first playlist; 7 is one of the second.
    products = VECTORS @ VECTORS[TRACKS[0]].sum(axis=0)
    gained = {
        track: products[track] + value
        for track, value in zip(ADDED_IDS[0], ADDED_VALUES[0], strict=True)
    }
    expected = sorted((7, 20, 41), key=lambda track: -gained[track])
    assert ids[0] == expected
    np.testing.assert_allclose(scores[0], [gained[track] for track in expected], rtol=1e-5)
    assert ids[1][0] == 3
    assert 7 not in ids[1]


def test_no_track_is_found_twice() -> None:
    index, _ = retrievers(60)
    ids, _ = best(index, query(TRACKS, mentions=MENTIONS), 58)
    for row in ids:
        assert len(set(row)) == 58


@pytest.mark.parametrize("probes", [1, 60])
def test_answers_do_not_depend_on_the_others(probes: int) -> None:
    index, _ = retrievers(probes)
    ids, scores = best(index, query(TRACKS, mentions=MENTIONS), 10)
    for row, (tracks, mentions) in enumerate(zip(TRACKS, MENTIONS, strict=True)):
        alone = best(index, query([tracks], mentions=[mentions]), 10)
        assert_same_recommendations(alone, (ids[row : row + 1], scores[row : row + 1]))
