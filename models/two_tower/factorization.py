"""Vectors of playlists, tracks and artists from one factorisation of what playlists hold."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse
import threadpoolctl
from implicit.cpu.als import AlternatingLeastSquares
from sklearn.utils.extmath import randomized_svd

from models import progress
from models.two_tower.params import StartParams


class Factors(NamedTuple):
    """Vectors whose products say how well playlists and tracks or artists go together.

    Attributes:
        playlists: float32 [P, d].
        tracks: float32 [N, d].
        artists: float32 [A, d].
    """

    playlists: np.ndarray
    tracks: np.ndarray
    artists: np.ndarray


def artist_weights(counts: np.ndarray, weight: float) -> np.ndarray:
    """Weighs an artist of whom a playlist holds `counts` tracks: weight * log2(1 + count)."""
    return (weight * np.log2(1.0 + counts)).astype(np.float32)


def factorize(
    tracks: scipy.sparse.csr_matrix,
    artists: scipy.sparse.csr_matrix,
    factors: int,
    params: StartParams,
    seed: int,
) -> Factors:
    """Factorises playlists by tracks and artists side by side, so that a track seen once still
    lies near what goes with its artist.

    Args:
        tracks: [P, N], 1 where a playlist holds a track.
        artists: [P, A], how many tracks of an artist a playlist holds.
        factors: d.
        params: method and settings.
        seed: of the random start. The same seed gives the same vectors.

    Returns:
        The vectors. With the method "als" they minimise the loss of `models.als`, where an artist
        is a further column whose confidence is alpha times its weight. With "svd" they are the
        leading singular vectors, each side times the root of the singular values. With "random"
        they are random, of length about 1.
    """
    num_tracks, num_artists = tracks.shape[1], artists.shape[1]
    weighted = artists.astype(np.float32)
    weighted.data = artist_weights(weighted.data, params.artist_weight)
    if params.artist_weight == 0:
        weighted.eliminate_zeros()
    matrix = scipy.sparse.hstack([tracks, weighted], format="csr", dtype=np.float32)
    if params.method == "als":
        left, right = _als(matrix, factors, params, seed)
    elif params.method == "svd":
        left, right = _svd(matrix, factors, seed)
    else:
        generator = np.random.default_rng(seed)
        scale = 1.0 / np.sqrt(factors)
        left = generator.standard_normal((matrix.shape[0], factors), np.float32) * scale
        right = generator.standard_normal((matrix.shape[1], factors), np.float32) * scale
        left, right = left.astype(np.float32), right.astype(np.float32)
    return Factors(left, right[:num_tracks], right[num_tracks : num_tracks + num_artists])


def _als(
    matrix: scipy.sparse.csr_matrix, factors: int, params: StartParams, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    def report(iteration: int, seconds: float, _loss: float | None) -> None:
        progress.report(iteration + 1, params.iterations, f"ALS iteration in {seconds:.1f} s")

    # Threads of BLAS inside the library's own slow it down, and let sums differ from run to run.
    with threadpoolctl.threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=factors,
            regularization=params.regularization,
            alpha=params.alpha,
            iterations=params.iterations,
            random_state=seed,
        )
        model.fit(matrix, show_progress=False, callback=report)
    return model.user_factors, model.item_factors


def _svd(matrix: scipy.sparse.csr_matrix, factors: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rank = min(factors, *matrix.shape)
    progress.report(0, 1, f"SVD of {matrix.shape[0]:,} x {matrix.shape[1]:,}")
    left, values, right = randomized_svd(matrix, rank, random_state=seed)
    roots = np.sqrt(values)
    missing = [(0, 0), (0, factors - rank)]
    progress.report(1, 1, f"SVD, largest singular value {values[0]:.1f}")
    return (
        np.pad(left * roots, missing).astype(np.float32),
        np.pad(right.T * roots, missing).astype(np.float32),
    )
