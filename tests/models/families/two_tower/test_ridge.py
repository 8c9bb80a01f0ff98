from __future__ import annotations

import numpy as np
import scipy.sparse

from models.families.two_tower.ridge import ridge


def test_by_hand() -> None:
    # One input and one target a row: w = sum x y / (sum x x + penalty) = (2 + 6) / (5 + 3).
    inputs = scipy.sparse.csr_matrix(np.array([[1.0], [2.0]], np.float32))
    weights = ridge(inputs, np.array([[2.0], [3.0]], np.float32), 3.0)
    np.testing.assert_allclose(weights, [[1.0]], rtol=1e-5)


def test_equals_the_normal_equations() -> None:
    generator = np.random.default_rng(0)
    dense = generator.random((40, 25)) * (generator.random((40, 25)) < 0.2)
    targets = generator.standard_normal((40, 7)).astype(np.float32)
    expected = np.linalg.solve(dense.T @ dense + 0.5 * np.eye(25), dense.T @ targets)
    weights = ridge(scipy.sparse.csr_matrix(dense.astype(np.float32)), targets, 0.5, tolerance=1e-6)
    np.testing.assert_allclose(weights, expected, atol=1e-4)


def test_columns_of_zeros_and_empty_inputs_stay_finite() -> None:
    inputs = scipy.sparse.csr_matrix((3, 4), dtype=np.float32)
    targets = np.array([[0, 1], [0, 2], [0, 3]], np.float32)
    assert ridge(inputs, targets, 1.0).tolist() == np.zeros((4, 2)).tolist()
    assert ridge(scipy.sparse.csr_matrix((3, 0), dtype=np.float32), targets, 1.0).shape == (0, 2)


def test_a_bound_on_iterations_still_comes_near() -> None:
    generator = np.random.default_rng(1)
    inputs = scipy.sparse.random(60, 30, 0.2, "csr", np.float32, generator)
    targets = generator.standard_normal((60, 3)).astype(np.float32)
    rough = ridge(inputs, targets, 1.0, max_iterations=5)
    exact = ridge(inputs, targets, 1.0, tolerance=1e-6)
    assert np.linalg.norm(rough - exact) < 0.2 * np.linalg.norm(exact)
