from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from models.export.index import search as module
from models.export.index.partitions import Partitions, partition
from models.export.index.search import PartitionedIndex


def normal(rows: int, dimensions: int = 8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, dimensions), np.float32)


def brute_force(vectors: np.ndarray, query: np.ndarray, seeds: list[int], count: int) -> list[int]:
    scores = vectors @ query
    scores[seeds] = -np.inf
    order = np.argsort(-scores, kind="stable")[:count]
    return [int(i) for i in order if np.isfinite(scores[i])]


def search(
    index: PartitionedIndex, query: np.ndarray, seeds: list[int], count: int
) -> tuple[list[int], list[float]]:
    """Ids of what is found, and all scores."""
    scores, ids = index.search(tf.constant(query[np.newaxis]), ragged([seeds]), count)
    assert scores.shape == ids.shape == (1, count)
    assert ((ids.numpy() >= 0) & (ids.numpy() < index._vectors.shape[0])).all()
    there = np.isfinite(scores.numpy()[0])
    return ids.numpy()[0, there].tolist(), scores.numpy()[0].tolist()


def ragged(rows: list[list[int]]) -> tf.RaggedTensor:
    return tf.ragged.constant(rows, tf.int64, ragged_rank=1, row_splits_dtype=tf.int64)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 80),
    partitions=st.integers(1, 30),
    count=st.integers(1, 90),
    data=st.data(),
)
def test_all_partitions_find_what_brute_force_finds(
    rows: int, partitions: int, count: int, data: st.DataObject
) -> None:
    count = min(count, rows)
    vectors, query = normal(rows), normal(1, seed=1)[0]
    seeds = data.draw(st.lists(st.integers(0, rows - 1), unique=True))
    parts = partition(vectors, partitions, 0)
    index = PartitionedIndex(vectors, parts, len(parts), rows)
    found, scores = search(index, query, seeds, count)
    expected = brute_force(vectors, query, seeds, count)
    assert found == expected
    assert scores[: len(found)] == pytest.approx((vectors @ query)[expected].tolist(), abs=1e-5)
    assert scores[len(found) :] == [-np.inf] * (count - len(found))


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 60), seeds=st.lists(st.integers(0, 59), unique=True))
def test_one_probe_still_fills_every_place(count: int, seeds: list[int]) -> None:
    vectors, query = normal(60), normal(1, seed=1)[0]
    index = PartitionedIndex(vectors, partition(vectors, 12, 0), 1, 1)
    found, scores = search(index, query, seeds, count)
    assert len(found) == len(set(found)) == min(count, 60 - len(seeds))
    assert not set(found) & set(seeds)
    assert scores == sorted(scores, reverse=True)


# Vectors of one dimension; partitions {0, 1}, {2, 3, 4}, {5}: means 9.5, 5, 1 and no deviation.
LINE = np.array([[10], [9], [6], [5], [4], [1]], np.float32)
THREE = Partitions(
    ids=np.array([[0, 1, -1], [2, 3, 4], [5, -1, -1]], np.int32),
    means=np.array([[9.5], [5], [1]], np.float32),
    spreads=np.zeros(3, np.float32),
)


@pytest.mark.parametrize(
    ("probes", "count", "seeds", "expected"),
    [
        (1, 2, [], [0, 1]),  # The first partition is enough.
        (1, 3, [], [0, 1, 2]),  # 3 are wanted, so the second one too.
        (1, 2, [1], [0, 2]),  # 2 and a seed are wanted.
        (1, 2, [0, 1], [2, 3]),
        (1, 6, [3], [0, 1, 2, 4, 5]),  # All are looked into, and there are no more.
        (1, 2, [0, 1, 2, 3, 4, 5], []),
        (3, 2, [0, 1, 2], [3, 4]),
    ],
)
def test_as_many_partitions_as_needed(
    probes: int, count: int, seeds: list[int], expected: list[int]
) -> None:
    index = PartitionedIndex(LINE, THREE, probes, 1)
    assert search(index, np.ones(1, np.float32), seeds, count)[0] == expected


def test_only_probed_partitions_are_looked_into() -> None:
    # By their means, -9.5, -5 and -1, the last partition is the best, and it holds one vector.
    index = PartitionedIndex(LINE, THREE, 1, 10)
    assert search(index, -np.ones(1, np.float32), [], 1)[0] == [5]


@pytest.mark.parametrize(
    ("sign", "wanted", "looked"),
    [
        (-1, 1, [2]),  # The last partition is the best, and holds one.
        (-1, 2, [2, 1]),
        (1, 2, [0]),
        (1, 3, [0, 1]),
        (1, 99, [0, 1, 2]),
    ],
)
def test_no_more_partitions_than_needed(sign: int, wanted: int, looked: list[int]) -> None:
    index = PartitionedIndex(LINE, THREE, 1, 10)
    chosen, number = index._choose(sign * tf.ones([1, 1]), tf.constant([wanted]))
    assert chosen[0, : number[0]].numpy().tolist() == looked


def test_what_one_query_needs_changes_nothing_for_another() -> None:
    # The first needs all partitions and five places more in the shortlist, the second one of each.
    index = PartitionedIndex(LINE, THREE, 1, 1)
    queries, seeds = np.array([[1], [-1]], np.float32), [[0, 1, 2, 3, 4], []]
    scores, ids = index.search(tf.constant(queries), ragged(seeds), 1)
    assert ids.numpy().tolist() == [[5], [5]]
    assert scores.numpy().tolist() == [[1], [-1]]
    looked = index._choose(tf.constant(queries), tf.constant([6, 1]))[1]
    assert looked.numpy().tolist() == [3, 1]


@pytest.mark.parametrize("numbers", [1, 20, 50, 1000])
def test_groups_change_nothing(numbers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Five numbers a vector, up to 7 vectors a partition, 5 probes: groups of 1, 1, 1 and 5.
    vectors, queries = normal(60, 5), normal(3, 5, seed=1)
    parts = partition(vectors, 9, 0)
    whole = PartitionedIndex(vectors, parts, 5, 20).search(
        tf.constant(queries), ragged([[], [], []]), 10
    )
    monkeypatch.setattr(module, "_AT_ONCE", numbers)
    index = PartitionedIndex(vectors, parts, 5, 20)
    found = index.search(tf.constant(queries), ragged([[], [], []]), 10)
    assert index._group == (5 if numbers == 1000 else 1)
    assert found[1].numpy().tolist() == whole[1].numpy().tolist()
    assert found[0].numpy() == pytest.approx(whole[0].numpy(), abs=1e-5)


def test_a_wide_partition_is_preferred_to_a_narrow_one_with_the_same_mean() -> None:
    # {0, 3} and {1, 2} have mean 2; the first has deviation 2, so its promise is 2 + 2.
    vectors = np.array([[0], [2], [2], [4]], np.float32)
    parts = Partitions(
        np.array([[1, 2], [0, 3]], np.int32),
        np.array([[2], [2]], np.float32),
        np.array([0, 2], np.float32),
    )
    index = PartitionedIndex(vectors, parts, 1, 10)
    assert search(index, np.ones(1, np.float32), [], 1)[0] == [3]


def test_the_shortlist_is_scored_exactly() -> None:
    # In 8 bits, 100 and 0.39 are 127 and 0 steps: 1 and 2 look alike, and so the order is wrong
    # until they are scored again.
    vectors = np.array([[100, 0.0], [100, 0.2], [100, 0.39]], np.float32)
    parts = partition(vectors, 1, 0)
    index = PartitionedIndex(vectors, parts, 1, 3)
    found, scores = search(index, np.array([1, 1], np.float32), [], 3)
    assert found == [2, 1, 0]
    assert scores == pytest.approx([100.39, 100.2, 100])


def test_of_equal_scores_the_lower_id_wins() -> None:
    vectors = np.ones((50, 4), np.float32)
    index = PartitionedIndex(vectors, partition(vectors, 5, 0), 50, 50)
    found, scores = search(index, np.ones(4, np.float32), [0, 3], 10)
    assert found == [1, 2, 4, 5, 6, 7, 8, 9, 10, 11]
    assert scores == [4.0] * 10


def test_half_precision_is_close() -> None:
    vectors, query = normal(200), normal(1, seed=1)[0]
    parts = partition(vectors, 10, 0)
    exact, half = (
        search(PartitionedIndex(vectors, parts, 10, 200, precision), query, [], 20)
        for precision in ("float32", "float16")
    )
    # 11 bits: each of 8 products is off by 2^-11 of itself at most.
    assert half[1] == pytest.approx(exact[1], abs=0.05)
    assert len(set(half[0]) & set(exact[0])) >= 18


def test_a_query_that_is_not_finite_finds_nothing() -> None:
    vectors = normal(20)
    index = PartitionedIndex(vectors, partition(vectors, 4, 0), 1, 20)
    found, scores = search(index, np.full(8, np.nan, np.float32), [], 5)
    assert found == []
    assert scores == [-np.inf] * 5


def test_zero_vectors_are_candidates_too() -> None:
    vectors = np.zeros((30, 3), np.float32)
    index = PartitionedIndex(vectors, partition(vectors, 4, 0), 1, 10)
    found, scores = search(index, np.ones(3, np.float32), [1], 4)
    assert found == [0, 2, 3, 4]
    assert scores == [0.0] * 4


def test_no_more_probes_than_partitions() -> None:
    assert PartitionedIndex(LINE, THREE, 99, 1).probes == 3
