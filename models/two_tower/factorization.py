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
        track_weights: float32 [N], how much a track counts among what a playlist holds; 1 on
            average over playlists.
        artist_weights: float32 [A], likewise of an artist with one track.
    """

    playlists: np.ndarray
    tracks: np.ndarray
    artists: np.ndarray
    track_weights: np.ndarray
    artist_weights: np.ndarray


def factorize(
    tracks: scipy.sparse.csr_matrix,
    artists: scipy.sparse.csr_matrix,
    factors: int,
    params: StartParams,
    seed: int,
) -> Factors:
    """Factorises playlists by tracks and artists side by side.

    So a track seen once still lies near what goes with its artist. In the row of playlist p, track
    t weighs w(t) l(p), and an artist a with n tracks there v(a) log2(1 + n) l(p), where w and v
    fall with the number of playlists, and l with the playlist's length.

    Args:
        tracks: [P, N], 1 where a playlist holds a track.
        artists: [P, A], how many tracks of an artist a playlist holds.
        factors: d.
        params: method and settings.
        seed: of the random start. The same seed gives the same vectors.

    Returns:
        The vectors. With the method "als" they minimise the loss of `models.als`, the confidence in
        an entry being alpha times its weight. With "svd" they are the leading singular vectors,
        each side times the root of the singular values. With "random" they are random, of length
        about 1.
    """
    num_tracks, num_artists = tracks.shape[1], artists.shape[1]
    track_weights = damped_weights(tracks, params.popularity_damping)
    artist_weights = damped_weights(artists, params.popularity_damping) * np.float32(
        params.artist_weight
    )
    if params.method == "random":
        generator = np.random.default_rng(seed)
        shape = (tracks.shape[0] + num_tracks + num_artists, factors)
        vectors = generator.standard_normal(shape, np.float32) / np.float32(np.sqrt(factors))
        left, right = np.split(vectors, [tracks.shape[0]])
    else:
        weighed_artists = artists.astype(np.float32)
        weighed_artists.data = np.log2(1.0 + weighed_artists.data)
        matrix = scipy.sparse.hstack(
            [_scale(tracks, track_weights), _scale(weighed_artists, artist_weights)], format="csr"
        )
        matrix.data *= np.repeat(
            _length_weights(tracks, params.length_damping), np.diff(matrix.indptr)
        )
        matrix.eliminate_zeros()
        solve = _als if params.method == "als" else _svd
        left, right = solve(matrix, factors, params, seed)
    return Factors(left, right[:num_tracks], right[num_tracks:], track_weights, artist_weights)


def damped_weights(rows: scipy.sparse.csr_matrix, power: float) -> np.ndarray:
    """Weighs columns by (number of rows that hold them) ^ -power.

    Args:
        rows: [R, C].
        power: 0 weighs all the same.

    Returns:
        float32 [C], scaled so that the mean over all entries of `rows` is 1.
    """
    counts = np.bincount(rows.indices, minlength=rows.shape[1]).astype(np.float64)
    weights = np.maximum(counts, 1.0) ** -power
    entries = max(counts.sum(), 1.0)
    mean = (weights * counts).sum() / entries
    return (weights / (mean or 1.0)).astype(np.float32)


def _length_weights(rows: scipy.sparse.csr_matrix, power: float) -> np.ndarray:
    lengths = np.maximum(np.diff(rows.indptr), 1).astype(np.float64)
    return ((lengths / lengths.mean()) ** -power).astype(np.float32)


def _scale(rows: scipy.sparse.csr_matrix, weights: np.ndarray) -> scipy.sparse.csr_matrix:
    scaled = rows.astype(np.float32)
    scaled.data = scaled.data * weights[scaled.indices]
    return scaled


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


def _svd(
    matrix: scipy.sparse.csr_matrix, factors: int, _params: StartParams, seed: int
) -> tuple[np.ndarray, np.ndarray]:
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
