from __future__ import annotations

import numpy as np
import pytest

from models.conformance import assert_same_recommendations
from models.export.index import recall
from models.export.index.partitions import Partitions, partition
from models.export.index.sampling import Sample, embed
from models.export.retrieval import BruteForce
from tests.models.export.index.index_fixture import Sums, normal
from tests.models.training_fixture import query

INF = float("inf")
# One dimension, queries that are the vectors of their seeds.
LINE = np.array([[5], [4], [3], [2], [1]], np.float32)
THREE = Partitions(
    ids=np.array([[0, 2], [1, 3], [4, -1]], np.int32),
    means=np.array([[4], [3], [1]], np.float32),
    spreads=np.zeros(3, np.float32),
)


def sample(vectors: np.ndarray, seeds: list[list[int]]) -> Sample:
    return embed(Sums(vectors), query(seeds))


def test_truth_by_hand() -> None:
    truth = recall.find_truth(LINE, sample(LINE, [[0], [1, 3]]), 2)
    # Seeds 0: the query is 5 and tracks 1 and 2 score 20 and 15. Seeds 1 and 3: it is 6, and
    # tracks 0 and 2 score 30 and 18.
    assert truth.ids.tolist() == [[1, 2], [0, 2]]
    assert truth.scores.tolist() == [[20, 15], [30, 18]]
    part = truth.part(slice(1, None), 1)
    assert (part.ids.tolist(), part.scores.tolist()) == ([[0]], [[30]])


def test_truth_where_few_remain() -> None:
    truth = recall.find_truth(LINE, sample(LINE, [[0, 1, 2, 3]]), 100)
    assert truth.scores.shape == (1, 5)
    assert truth.scores[0].tolist() == [14] + [-INF] * 4


@pytest.mark.parametrize("numbers", [1, 7, 64, 1000])
def test_blocks_do_not_change_the_truth(numbers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = normal(50)
    asked = sample(vectors, [[1], [2, 49], [3]])
    whole = recall.find_truth(vectors, asked, 5)
    monkeypatch.setattr(recall, "_BLOCK_NUMBERS", numbers)
    parts = recall.find_truth(vectors, asked, 5)
    assert_same_recommendations((parts.ids, parts.scores), (whole.ids, whole.scores))


@pytest.mark.parametrize(("share", "expected"), [(0.3, 1), (0.5, 2), (0.9, 2), (1.0, 3)])
def test_fewest_probes_by_hand(share: float, expected: int) -> None:
    # For a positive query the partitions are looked into in the order {0, 2}, {1, 3}, {4}. The
    # first query wants 0, 1, 3 and finds 1/3, then all. The second wants 4 and 2: 1/2, 1/2, all.
    # The mean is 5/12, 3/4, 1.
    truth = recall.Truth(np.array([[0, 1, 3], [4, 2, 0]]), np.array([[3, 2, 1], [2, 1, -INF]]))
    queries = np.ones((2, 1), np.float32)
    if share == 0.9:
        truth = recall.Truth(truth.ids[:1], truth.scores[:1])
        queries = queries[:1]
    assert recall.fewest_probes(THREE, queries, truth, share) == expected


def test_fewest_probes_without_queries() -> None:
    truth = recall.Truth(np.zeros((0, 3), int), np.zeros((0, 3)))
    assert recall.fewest_probes(THREE, np.zeros((0, 1), np.float32), truth, 0.9) == 3


def test_recall_by_hand() -> None:
    asked = sample(LINE, [[0], [1]])
    truth = recall.find_truth(LINE, asked, 2)
    # The best of the first are 1 and 2, of the second 0 and 2. 4 is wrong; what comes later, a
    # third track, does not count.
    answers = recall.Answers(np.array([[2, 4, 1], [0, 2, 4]]), 0.0)
    assert recall.recall(LINE, asked, truth, answers) == pytest.approx((0.5 + 1) / 2)


def test_equal_scores_are_as_good() -> None:
    vectors = np.array([[2], [1], [1], [1], [0]], np.float32)
    asked = sample(vectors, [[0]])
    truth = recall.find_truth(vectors, asked, 2)
    answers = recall.Answers(np.array([[3, 1]]), 0.0)
    assert recall.recall(vectors, asked, truth, answers) == 1


def test_queries_without_candidates_do_not_count() -> None:
    asked = sample(LINE, [[0, 1, 2, 3, 4], [0]])
    truth = recall.find_truth(LINE, asked, 1)
    answers = recall.Answers(np.array([[0, 0], [4, 3]]), 0.0)
    assert recall.recall(LINE, asked, truth, answers) == 0
    # Nothing to find, nothing missed.
    first = recall.Answers(answers.ids[:1], 0.0)
    assert recall.recall(LINE, asked.part(slice(1)), truth.part(slice(1)), first) == 1


def test_asking_brute_force_gives_full_recall() -> None:
    vectors = normal(40)
    scorer = Sums(vectors)
    asked = embed(scorer, query([[1], [2, 3], [4]]))
    truth = recall.find_truth(vectors, asked, 10)
    answers = recall.ask(BruteForce(scorer), asked, 20)
    assert answers.ids.shape == (3, 20)
    assert answers.seconds > 0
    assert recall.recall(vectors, asked, truth, answers) == 1
    assert len(recall.ask(BruteForce(scorer), asked, 20, 2).ids) == 2


def test_chosen_probes_are_enough_for_the_queries_they_were_chosen_by() -> None:
    vectors = normal(400)
    asked = sample(vectors, [[i, i + 1] for i in range(30)])
    parts = partition(vectors, 20, 0)
    truth = recall.find_truth(vectors, asked, 20)
    owner = np.empty(400, int)
    held = parts.ids >= 0
    owner[parts.ids[held]] = np.nonzero(held)[0]

    def found(probes: int) -> float:
        looked = np.argsort(-parts.promise(asked.vectors), axis=1)[:, :probes]
        return float(
            np.mean([np.isin(owner[t], p).mean() for t, p in zip(truth.ids, looked, strict=True)])
        )

    probes = recall.fewest_probes(parts, asked.vectors, truth, 0.8)
    assert found(probes) >= 0.8 > found(probes - 1)
