from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from models.families.two_tower.bags import Bag, bag_entries, bag_matrix
from models.families.two_tower.idf import inverse_document_frequency


def ids(rows: list[list[int]]) -> tf.RaggedTensor:
    return tf.ragged.constant(rows, tf.int64, ragged_rank=1, row_splits_dtype=tf.int64)


def test_idf_by_hand() -> None:
    # Three rows: column 0 is in all, 1 in one (its count of 5 does not matter), 2 in none.
    rows = scipy.sparse.csr_matrix(np.array([[1, 5, 0], [1, 0, 0], [2, 0, 0]]))
    expected = [1 + np.log(4 / 4), 1 + np.log(4 / 2), 1 + np.log(4 / 1)]
    np.testing.assert_allclose(inverse_document_frequency(rows), expected, rtol=1e-6)


def test_weights_by_hand() -> None:
    # Row 0 holds id 1 twice and id 2 once: weights 2 * 3 = 6 and 1 * 8 = 8, of length 10.
    # Row 1 is empty; row 2 holds id 0 alone, so it weighs 1 whatever its idf.
    entries = bag_entries(ids([[1, 2, 1], [], [0]]), tf.constant([0.5, 3.0, 8.0]), "count")
    assert entries.rows.numpy().tolist() == [0, 0, 2]
    assert entries.ids.numpy().tolist() == [1, 2, 0]
    np.testing.assert_allclose(entries.weights.numpy(), [0.6, 0.8, 1.0], rtol=1e-6)


@pytest.mark.parametrize(
    ("counting", "weights"), [("once", [1, 1]), ("count", [3, 1]), ("log", [np.log(4), np.log(2)])]
)
def test_counting(counting: str, weights: list[float]) -> None:
    entries = bag_entries(ids([[0, 0, 1, 0]]), tf.ones([2]), counting)  # type: ignore[arg-type]
    np.testing.assert_allclose(
        entries.weights.numpy(), weights / np.linalg.norm(weights), rtol=1e-6
    )


def test_embedding_by_hand() -> None:
    vectors = np.array([[1, 0], [0, 10], [10, 10]], np.float32)
    bag = Bag(vectors, np.array([3, 4, 1], np.float32), "once", "bag", trainable=True)
    # 0.6 * (1, 0) + 0.8 * (0, 10)
    np.testing.assert_allclose(bag(ids([[0, 1], []])).numpy(), [[0.6, 8.0], [0, 0]], rtol=1e-6)


def test_an_empty_vocabulary_embeds_nothing() -> None:
    bag = Bag(np.zeros((0, 2), np.float32), np.zeros(0, np.float32), "log", "bag", trainable=False)
    assert bag(ids([[], []])).numpy().tolist() == [[0, 0], [0, 0]]


@settings(deadline=None, max_examples=25)
@given(
    rows=st.lists(st.lists(st.integers(0, 4), max_size=6), min_size=1, max_size=4),
    counting=st.sampled_from(["once", "count", "log"]),
)
def test_matrix_and_graph_agree(rows: list[list[int]], counting: str) -> None:
    idf = np.array([1.0, 1.5, 2.0, 2.5, 3.0], np.float32)
    counts = np.array([np.bincount(row, minlength=5) for row in rows], np.float32)
    matrix = bag_matrix(scipy.sparse.csr_matrix(counts), idf, counting)  # type: ignore[arg-type]
    entries = bag_entries(ids(rows), tf.constant(idf), counting)  # type: ignore[arg-type]
    dense = np.zeros((len(rows), 5), np.float32)
    dense[entries.rows.numpy(), entries.ids.numpy()] = entries.weights.numpy()
    np.testing.assert_allclose(matrix.toarray(), dense, atol=1e-6)
