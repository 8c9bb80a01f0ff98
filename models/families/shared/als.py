"""Alternating least squares with the `implicit` library."""

from __future__ import annotations

import numpy as np
import scipy.sparse
import threadpoolctl
from implicit.cpu.als import AlternatingLeastSquares

from models import progress


def als(
    matrix: scipy.sparse.csr_matrix,
    *,
    factors: int,
    regularization: float,
    alpha: float,
    iterations: int,
    seed: int,
    start: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Fits vectors of rows X and of columns Y to the entries of a matrix R, [P, N].

    Minimises sum_pt c_pt (b_pt - x_p . y_t)^2 + lambda (|X|^2 + |Y|^2) over all pairs, where b_pt
    is 1 with confidence c_pt = alpha r_pt for an entry that is there, and 0 with 1 for one that is
    not (Hu, Koren, Volinsky: Collaborative Filtering for Implicit Feedback Datasets, 2008).

    Args:
        matrix: R; a row or column without entries gets a zero vector.
        factors: d, length of a vector.
        regularization: lambda.
        alpha: confidence in an entry of 1.
        iterations: rounds over both sides.
        seed: of the random start. The same seed gives the same vectors.
        start: float32 [N, d], Y to start from instead; X then starts at zero.

    Returns:
        X float32 [P, d] and Y float32 [N, d].
    """

    def report(iteration: int, seconds: float, _loss: float | None) -> None:
        progress.report(iteration + 1, iterations, f"ALS iteration in {seconds:.1f} s")

    # Threads of BLAS inside the library's own slow it down, and let sums differ from run to run.
    with threadpoolctl.threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=factors,
            regularization=regularization,
            alpha=alpha,
            iterations=iterations,
            random_state=seed,
        )
        if start is not None:
            # The library solves for what it is given, in place.
            model.item_factors = np.array(start, np.float32)
            model.user_factors = np.zeros((matrix.shape[0], factors), np.float32)
        model.fit(matrix, show_progress=False, callback=report)
    return model.user_factors, model.item_factors
