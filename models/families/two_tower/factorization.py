"""Vectors of playlists and of what they hold, from one factorisation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse
from sklearn.utils.extmath import randomized_svd

from models import progress
from models.families.shared.als import als
from models.families.two_tower.params import StartParams


class Contents(NamedTuple):
    """What P playlists hold.

    Attributes:
        tracks: [P, N], 1 where a playlist holds a track.
        artists: [P, A], how many tracks of an artist a playlist holds.
        albums: [P, L], how many tracks of an album a playlist holds.
        followers: int [P], of each playlist; None where nothing is known of them.
    """

    tracks: scipy.sparse.csr_matrix
    artists: scipy.sparse.csr_matrix
    albums: scipy.sparse.csr_matrix
    followers: np.ndarray | None = None


class Factors(NamedTuple):
    """Vectors whose products say how well playlists and tracks, artists or albums go together.

    Attributes:
        playlists: float32 [P, d].
        tracks: float32 [N, d].
        artists: float32 [A, d].
        albums: float32 [L, d].
        track_weights: float32 [N], how much a track counts among what a playlist holds; 1 on
            average over playlists.
        artist_weights: float32 [A], that of an artist with one track.
        album_weights: float32 [L], that of an album with one track.
    """

    playlists: np.ndarray
    tracks: np.ndarray
    artists: np.ndarray
    albums: np.ndarray
    track_weights: np.ndarray
    artist_weights: np.ndarray
    album_weights: np.ndarray


def factorize(
    contents: Contents,
    factors: int,
    params: StartParams,
    seed: int,
    start: np.ndarray | None = None,
) -> Factors:
    """Factorises playlists by tracks, artists and albums side by side.

    So a track seen once still lies near what goes with its artist. In the row of playlist p, track
    t weighs w(t) l(p), and an artist a with n tracks there v(a) log2(1 + n) l(p), where w and v
    fall with the number of playlists, and l with the playlist's length; l may grow with its
    followers. Albums weigh like artists.

    Args:
        contents: what playlists hold.
        factors: d.
        params: method and settings.
        seed: of the random start. The same seed gives the same vectors.
        start: float32 [N + A + L, d], for ALS to go on from, by `warm_iterations` rounds.

    Returns:
        The vectors. With the method "als" they minimise the loss of `models.families.als`, the
        confidence in an entry being alpha times its weight. With "svd" they are the leading
        singular vectors, each side times the root of the singular values. With "random" they are
        random, of length about 1.
    """
    tracks, damping = contents.tracks, params.popularity_damping
    columns = [tracks, contents.artists, contents.albums]
    weights = [
        damped_weights(matrix, damping) * np.float32(weight)
        for matrix, weight in zip(
            columns, (1.0, params.artist_weight, params.album_weight), strict=True
        )
    ]
    if params.method == "random":
        generator = np.random.default_rng(seed)
        shape = (tracks.shape[0] + sum(matrix.shape[1] for matrix in columns), factors)
        vectors = generator.standard_normal(shape, np.float32)
        vectors /= np.float32(np.sqrt(factors))
        left, right = np.split(vectors, [tracks.shape[0]])
    else:
        # Only groups of tracks occur more than once in a playlist: log2(1 + 1) is 1.
        scaled = [_scale(matrix, by) for matrix, by in zip(columns, weights, strict=True)]
        matrix = scipy.sparse.hstack(scaled, format="csr")
        rows = _length_weights(tracks, params.length_damping)
        if contents.followers is not None:
            rows = rows * follower_weights(contents.followers, params.followers_weight)
        matrix.data *= np.repeat(rows, np.diff(matrix.indptr))
        matrix.eliminate_zeros()
        if params.method == "als":
            left, right = _als(matrix, factors, params, seed, start)
        else:
            left, right = _svd(matrix, factors, seed)
    ends = np.cumsum([matrix.shape[1] for matrix in columns])
    return Factors(left, *np.split(right, ends[:-1]), *weights)


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


def follower_weights(followers: np.ndarray, power: float) -> np.ndarray:
    """Weighs playlists by followers ^ power; none, or an unknown number, counts as one.

    Args:
        followers: int [P].
        power: 0 weighs all the same.

    Returns:
        float32 [P], 1 on average.
    """
    weights = np.maximum(followers, 1).astype(np.float64) ** power
    return (weights / weights.mean()).astype(np.float32)


def _scale(counts: scipy.sparse.csr_matrix, weights: np.ndarray) -> scipy.sparse.csr_matrix:
    scaled = counts.astype(np.float32)
    scaled.data = np.log2(1.0 + scaled.data) * weights[scaled.indices]
    return scaled


def _als(
    matrix: scipy.sparse.csr_matrix,
    factors: int,
    params: StartParams,
    seed: int,
    start: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:
    rounds = params.iterations
    return als(
        matrix,
        factors=factors,
        regularization=params.regularization,
        alpha=params.alpha,
        iterations=rounds if start is None else min(params.warm_iterations, rounds),
        seed=seed,
        start=start,
    )


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
