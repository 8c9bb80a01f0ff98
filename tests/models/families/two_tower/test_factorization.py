from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

from models.families.shared.als import als
from models.families.two_tower.factorization import (
    Contents,
    Factors,
    damped_weights,
    factorize,
    follower_weights,
)
from models.families.two_tower.params import StartParams

# Tracks 0 to 2 go together, and 3 to 5; artist 0 has tracks 0 to 2, artist 1 the others.
TRACKS = scipy.sparse.csr_matrix(
    np.array([[1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 0], [0, 0, 0, 1, 1, 1]])
)
ARTISTS = scipy.sparse.csr_matrix(np.array([[2, 0], [3, 0], [0, 2], [0, 3]]))
NOTHING = scipy.sparse.csr_matrix((4, 0))
CONTENTS = Contents(TRACKS, ARTISTS, NOTHING)


def test_damped_weights_by_hand() -> None:
    # Columns are in 1 and 4 rows: 1 ^ -.5 = 1 and 4 ^ -.5 = .5. Over the 5 entries the mean is
    # (1 * 1 + 4 * .5) / 5 = .6. The empty column counts as if it were in one row.
    rows = scipy.sparse.csr_matrix(np.array([[1, 9, 0], [0, 1, 0], [0, 1, 0], [0, 1, 0]]))
    np.testing.assert_allclose(damped_weights(rows, 0.5), [1 / 0.6, 0.5 / 0.6, 1 / 0.6], rtol=1e-6)
    assert damped_weights(rows, 0.0).tolist() == [1, 1, 1]
    assert damped_weights(scipy.sparse.csr_matrix((2, 0)), 0.5).shape == (0,)


def test_without_artists_and_damping_it_is_als() -> None:
    params = StartParams(
        artist_weight=0, popularity_damping=0, length_damping=0, regularization=0.1
    )
    expected_playlists, expected_tracks = als(
        TRACKS,
        factors=3,
        regularization=0.1,
        alpha=params.alpha,
        iterations=params.iterations,
        seed=5,
    )
    # implicit draws its random start for all columns, so artists that are nowhere are left out.
    factors = factorize(Contents(TRACKS, NOTHING, NOTHING), 3, params, seed=5)
    np.testing.assert_allclose(factors.playlists, expected_playlists, atol=1e-5)
    np.testing.assert_allclose(factors.tracks, expected_tracks, atol=1e-5)


@pytest.mark.parametrize("method", ["als", "svd"])
def test_tracks_lie_near_their_company(method: str) -> None:
    params = StartParams(method=method, regularization=0.1)  # type: ignore[arg-type]
    factors = factorize(CONTENTS, 2, params, seed=0)
    assert factors.tracks.dtype == factors.playlists.dtype == np.float32
    scores = factors.playlists @ factors.tracks.T
    assert scores[0, 2] > scores[0, 5]
    assert scores[2, 5] > scores[2, 2]
    artists = factors.playlists @ factors.artists.T
    assert artists[0, 0] > artists[0, 1]


def test_weights_of_tracks_and_artists() -> None:
    params = StartParams(artist_weight=0.5, popularity_damping=0)
    factors = factorize(CONTENTS, 2, params, seed=0)
    assert factors.track_weights.tolist() == [1.0] * 6
    assert factors.artist_weights.tolist() == [0.5] * 2


def test_follower_weights_by_hand() -> None:
    # 9 ^ .5 = 3; 0 counts as 1; over three playlists the mean is 5 / 3.
    weights = follower_weights(np.array([9, 0, 1]), 0.5)
    np.testing.assert_allclose(weights, [9 / 5, 3 / 5, 3 / 5], rtol=1e-6)
    assert follower_weights(np.array([9, 0, 1]), 0.0).tolist() == [1, 1, 1]


def test_playlists_with_followers_count_more() -> None:
    params = StartParams(followers_weight=0.5, regularization=0.1)
    plain = factorize(CONTENTS, 2, params, seed=0)
    followed = CONTENTS._replace(followers=np.array([10_000, 1, 1, 1]))
    factors = factorize(followed, 2, params, seed=0)

    def fit(of: Factors) -> float:
        return float(of.playlists[0] @ of.tracks[0] - of.playlists[2] @ of.tracks[3])

    assert fit(factors) > fit(plain) + 0.01
    alike = factorize(CONTENTS._replace(followers=np.full(4, 7)), 2, params, seed=0)
    np.testing.assert_allclose(alike.tracks, plain.tracks, atol=1e-5)


def test_albums_are_columns_like_artists() -> None:
    # As artists and as albums, the same matrix with the same weight comes to the same.
    params = StartParams(method="svd", artist_weight=0.5, album_weight=0.5)
    as_artists = factorize(CONTENTS, 2, params, seed=0)
    as_albums = factorize(Contents(TRACKS, NOTHING, ARTISTS), 2, params, seed=0)
    np.testing.assert_allclose(as_albums.albums, as_artists.artists, atol=1e-5)
    np.testing.assert_allclose(as_albums.album_weights, as_artists.artist_weights, rtol=1e-6)
    assert as_albums.artists.shape == (0, 2)


@pytest.mark.parametrize("method", ["als", "svd", "random"])
def test_more_factors_than_playlists_and_the_same_by_seed(method: str) -> None:
    params = StartParams(method=method)  # type: ignore[arg-type]
    first, again, other = (factorize(CONTENTS, 9, params, seed) for seed in (1, 1, 2))
    assert first.tracks.shape == (6, 9)
    assert first.artists.shape == (2, 9)
    assert np.isfinite(first.tracks).all()
    np.testing.assert_array_equal(first.tracks, again.tracks)
    if method == "random":
        assert not np.array_equal(first.tracks, other.tracks)
        np.testing.assert_allclose(np.linalg.norm(first.tracks, axis=1).mean(), 1.0, atol=0.3)
