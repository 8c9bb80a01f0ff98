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


@settings(max_examples=50, deadline=None)
@given(vectors=MATRICES, count=st.integers(1, 80))
def test_every_vector_is_in_one_partition(vectors: np.ndarray, count: int) -> None:
    parts = partition(vectors, count, 0)
    assert sorted(parts.ids.tolist()) == list(range(len(vectors)))
    assert parts.splits[0] == 0
    assert parts.splits[-1] == len(vectors)
    assert (np.diff(parts.splits) > 0).all()
    assert len(parts) == len(parts.splits) - 1 == len(parts.means) == len(parts.variances)


def test_statistics_are_those_of_the_members() -> None:
    vectors = normal(300)
    parts = partition(vectors, 20, 3)
    for index in range(len(parts)):
        members = vectors[parts.ids[parts.splits[index] : parts.splits[index + 1]]]
        assert parts.means[index] == pytest.approx(members.mean(axis=0), abs=1e-6)
        assert parts.variances[index] == pytest.approx(members.var(axis=0), abs=1e-6)


def test_longer_vectors_come_first_and_equal_ones_by_id() -> None:
    vectors = np.array([[1, 0], [3, 0], [1, 0], [2, 0], [0, 0]], np.float32)
    assert partition(vectors, 1, 0).ids.tolist() == [1, 3, 0, 2, 4]


def test_big_partitions_are_divided() -> None:
    # Partitions of 95, 1, 1, 1, 1 and 1: the mean is 100 / 6 and the limit ceil(66.7) = 67, so 95
    # becomes two pieces, one of 95 // 2.
    assert np.diff(module._splits(np.array([95, 1, 0, 1, 1, 1, 1]))).tolist() == [47, 48] + [1] * 5
    assert np.diff(module._splits(np.array([3]))).tolist() == [3]


def test_promise_is_the_mean_plus_one_deviation() -> None:
    # Two vectors (1, 0) and (3, 4): mean (2, 2), variances 1 and 4. For q = (2, -1):
    # q.m = 4 - 2 = 2 and sqrt(4 * 1 + 1 * 4) = sqrt(8).
    vectors = np.array([[1, 0], [3, 4]], np.float32)
    parts = partition(vectors, 1, 0)
    promise = parts.promise(np.array([[2, -1], [0, 0]], np.float32))
    assert promise == pytest.approx(np.array([[2 + np.sqrt(8)], [0]]))


@pytest.mark.parametrize(("vectors", "expected"), [(1, 4), (100, 40), (2_300_000, 6067)])
def test_default_count(vectors: int, expected: int) -> None:
    # 4 sqrt(2,300,000) = 6066.3.
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
    codes, scales = quantize(vectors, np.array([1, 0]))
    assert codes.dtype == np.int8
    assert codes.tolist() == [[127, -50], [0, 0]]
    assert scales == pytest.approx([0.1, 0])


@settings(max_examples=50, deadline=None)
@given(vectors=MATRICES)
def test_codes_are_off_by_half_a_step_at_most(vectors: np.ndarray) -> None:
    ids = np.arange(len(vectors))[::-1]
    codes, scales = quantize(vectors, ids)
    error = np.abs(codes * scales[:, np.newaxis] - vectors[ids])
    assert (error <= scales[:, np.newaxis] * 0.5001 + 1e-30).all()


def test_blocks_change_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, ids = normal(50), np.arange(50)
    whole = quantize(vectors, ids)
    monkeypatch.setattr(module, "_BLOCK_ROWS", 7)
    assert all(np.array_equal(a, b) for a, b in zip(whole, quantize(vectors, ids), strict=True))


def test_length() -> None:
    empty = np.zeros((2, 1), np.float32)
    assert len(Partitions(np.arange(3), np.array([0, 1, 3]), empty, empty)) == 2
