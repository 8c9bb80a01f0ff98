"""Ridge regression of many targets at once, on a matrix of any size that is sparse."""

from __future__ import annotations

import numpy as np
import scipy.sparse


def ridge(
    inputs: scipy.sparse.csr_matrix,
    targets: np.ndarray,
    penalty: float,
    max_iterations: int = 100,
    tolerance: float = 1e-3,
) -> np.ndarray:
    """Finds W that minimises |X W - Y|^2 + penalty |W|^2.

    In its dual form, W = X' A with (X X' + penalty I) A = Y, by conjugate gradients (Hestenes and
    Stiefel, 1952), all columns of Y side by side. Only products with X are taken: neither of the
    square matrices is ever formed.

    Args:
        inputs: X, [P, F].
        targets: Y, float32 [P, d].
        penalty: above 0.
        max_iterations: of the solver.
        tolerance: it stops once every column's residual is this small, as a share of its target.

    Returns:
        W, float32 [F, d].
    """
    transposed = inputs.T.tocsr()
    dual = np.zeros_like(targets)
    residual = targets.copy()
    direction = residual.copy()
    energy = np.einsum("pd,pd->d", residual, residual)
    enough = tolerance**2 * energy
    for _ in range(max_iterations):
        open_columns = energy > enough
        if not open_columns.any():
            break
        image = inputs @ (transposed @ direction) + penalty * direction
        curvature = np.einsum("pd,pd->d", direction, image)
        # A column that is solved stands still, rather than dividing nothing by nothing.
        step = np.divide(energy, curvature, out=np.zeros_like(energy), where=open_columns)
        dual += step * direction
        residual -= step * image
        previous, energy = energy, np.einsum("pd,pd->d", residual, residual)
        ratio = np.divide(energy, previous, out=np.zeros_like(energy), where=open_columns)
        direction = residual + ratio * direction
    return transposed @ dual
