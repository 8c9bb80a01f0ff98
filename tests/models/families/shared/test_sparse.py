from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

from models.families.shared.sparse import keep_largest, to_csr
from tests.models.training_fixture import ragged


def test_to_csr_counts_repeats() -> None:
    matrix = to_csr(ragged([[2, 0], [], [1, 1]]), 4)
    assert matrix.toarray().tolist() == [[1, 0, 1, 0], [0, 0, 0, 0], [0, 2, 0, 0]]


def test_to_csr_leaves_its_input_alone() -> None:
    rows = ragged([[2, 0, 2]])
    to_csr(rows, 3).data[:] = 9
    assert rows.values.tolist() == [2, 0, 2]


def test_keep_largest_breaks_ties_by_column() -> None:
    dense = [[1, 5, 5, 5], [0, 0, 3, 0], [4, 3, 2, 1]]
    kept = keep_largest(scipy.sparse.csr_matrix(np.array(dense, np.float32)), 2)
    assert kept.toarray().tolist() == [[0, 5, 5, 0], [0, 0, 3, 0], [4, 3, 0, 0]]


@pytest.mark.parametrize("shape", [(0, 3), (2, 3)])
def test_keep_largest_of_nothing(shape: tuple[int, int]) -> None:
    assert keep_largest(scipy.sparse.csr_matrix(shape), 2).shape == shape
