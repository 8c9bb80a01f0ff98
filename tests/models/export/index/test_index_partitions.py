from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from models.export.index import partitions as module
from models.export.index.partitions import Partitions, default_count, partition, quantize

MATRICES = st_numpy.arrays(
    np.float32,
    st.tuples(st.integers(1, 60), st.integers(1, 5)),
    elements=st.floats(-100, 100, width=32),
)


def normal(rows: int, dimensions: int = 4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, dimensions), np.float32)


def members(parts: Partitions) -> list[list[int]]:
    return [[i for i in row if i >= 0] for row in parts.ids.tolist()]


@settings(max_examples=50, deadline=None)
@given(vectors=MATRICES, count=st.integers(1, 80))
def test_every_vector_is_in_one_partition(vectors: np.ndarray, count: int) -> None:
    parts = partition(vectors, count, 0)
    held = members(parts)
    assert sorted(i for row in held for i in row) == list(range(len(vectors)))
    assert all(held)
    # None holds more than its share, rounded up, and what is missing stands at the end.
    assert parts.ids.shape[1] == -(-len(vectors) // min(count, len(vectors)))
    assert all(
        row[: len(there)] == there for row, there in zip(parts.ids.tolist(), held, strict=True)
    )
    assert len(parts) == len(parts.ids) == len(parts.means) == len(parts.spreads)


def test_statistics_are_those_of_the_members() -> None:
    vectors = normal(300)
    parts = partition(vectors, 20, 3)
    for index, held in enumerate(members(parts)):
        assert parts.means[index] == pytest.approx(vectors[held].mean(axis=0), abs=1e-6)
        expected = np.sqrt(vectors[held].var(axis=0).mean())
        assert parts.spreads[index] == pytest.approx(expected, abs=1e-6)


def test_only_the_last_partition_of_a_cluster_is_not_full() -> None:
    parts = partition(normal(3000), 300, 0)  # Of 10 each, in 30 clusters.
    missing = [10 - len(held) for held in members(parts) if len(held) < 10]
    assert 0 < len(missing) <= 30


def test_clusters_are_cut_along_their_longest_direction() -> None:
    # One cluster of eight points on a line, a little off it; four partitions of two neighbours.
    along = np.array([3, 0, 7, 1, 6, 2, 5, 4], np.float32)
    vectors = np.stack([along, 0.1 * np.sin(along)], axis=1)
    held = members(partition(vectors, 4, 0))
    assert sorted(sorted(along[row].tolist()) for row in held) == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_equal_vectors_are_divided_too() -> None:
    held = members(partition(np.ones((30, 3), np.float32), 6, 0))
    assert sorted(len(row) for row in held) == [5] * 6


def test_promise_is_the_mean_plus_one_deviation() -> None:
    # Two vectors (1, 0) and (3, 4): mean (2, 2), variances 1 and 4, 2.5 in the mean. For
    # q = (2, -1): q.m = 4 - 2 = 2, and |q| sqrt(2.5) = sqrt(5) sqrt(2.5) = sqrt(12.5).
    vectors = np.array([[1, 0], [3, 4]], np.float32)
    parts = partition(vectors, 1, 0)
    promise = parts.promise(np.array([[2, -1], [0, 0]], np.float32))
    assert promise == pytest.approx(np.array([[2 + np.sqrt(12.5)], [0]]))


@pytest.mark.parametrize(("vectors", "expected"), [(1, 12), (100, 120), (2_300_000, 18_199)])
def test_default_count(vectors: int, expected: int) -> None:
    # 12 sqrt(2,300,000) = 18198.9.
    assert default_count(vectors) == expected


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_vectors_that_are_not_finite_are_refused(bad: float) -> None:
    vectors = normal(10)
    vectors[3, 1] = vectors[7, 0] = bad
    with pytest.raises(ValueError, match="2 of 10 tracks"):
        partition(vectors, 2, 0)


def test_the_same_seed_gives_the_same_partitions() -> None:
    first, second, other = (partition(normal(500), 30, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.ids, second.ids)
    assert np.array_equal(first.means, second.means)
    assert not np.array_equal(first.ids, other.ids)


def test_codes_by_hand() -> None:
    # The largest of the first row is 12.7, so its scale is 0.1 and -5.04 becomes -50.
    vectors = np.array([[0, 0], [12.7, -5.04]], np.float32)
    codes, scales = quantize(vectors[::-1])
    assert codes.dtype == np.int8
    assert codes.tolist() == [[127, -50], [0, 0]]
    assert scales == pytest.approx([0.1, 0])


@settings(max_examples=50, deadline=None)
@given(vectors=MATRICES)
def test_codes_are_off_by_half_a_step_at_most(vectors: np.ndarray) -> None:
    codes, scales = quantize(vectors)
    error = np.abs(codes * scales[:, np.newaxis] - vectors)
    assert (error <= scales[:, np.newaxis] * 0.5001 + 1e-30).all()


def test_blocks_change_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = normal(50)
    whole = quantize(vectors)
    monkeypatch.setattr(module, "_BLOCK_ROWS", 7)
    assert all(np.array_equal(a, b) for a, b in zip(whole, quantize(vectors), strict=True))


def test_length() -> None:
    parts = Partitions(np.zeros((2, 3)), np.zeros((2, 1)), np.zeros(2))
    assert len(parts) == 2
