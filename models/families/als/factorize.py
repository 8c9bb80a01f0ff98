"""Factorises the playlist-track matrix with the `implicit` library."""

from __future__ import annotations

import numpy as np
import threadpoolctl
from implicit.cpu.als import AlternatingLeastSquares

from models import progress
from models.contract import Ragged
from models.families.als.params import Params
from models.families.shared.sparse import to_csr


def factorize(
    playlists: Ragged, num_tracks: int, params: Params, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Fits vectors of playlists X and tracks Y to what playlists hold (P x N, P rows, N tracks).

    Minimises sum_pt c_pt (r_pt - x_p . y_t)^2 + lambda (|X|^2 + |Y|^2) over all pairs, where r_pt
    is 1 with confidence c_pt = alpha for a track that is there, and 0 with 1 for one that is not
    (Hu, Koren, Volinsky: Collaborative Filtering for Implicit Feedback Datasets, 2008).

    Args:
        playlists: track ids by playlist, without repeats.
        num_tracks: N; tracks that no playlist holds get a zero vector.
        params: hyperparameters.
        seed: of the random start. The same seed gives the same vectors.

    Returns:
        float32 [P, factors] and float32 [N, factors].
    """

    def report(iteration: int, seconds: float, _loss: float | None) -> None:
        progress.report(iteration + 1, params.iterations, f"ALS iteration in {seconds:.1f} s")

    # Threads of BLAS inside the library's own slow it down, and let sums differ from run to run.
    with threadpoolctl.threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=params.factors,
            regularization=params.regularization,
            alpha=params.alpha,
            iterations=params.iterations,
            random_state=seed,
        )
        model.fit(to_csr(playlists, num_tracks), show_progress=False, callback=report)
    return model.user_factors, model.item_factors
