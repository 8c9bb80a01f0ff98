from __future__ import annotations

import numpy as np
import pytest

from models.families.two_tower.params import Params, StartParams
from models.families.two_tower.start import prepare_start
from tests.models.training_fixture import two_genres

DATA, _ = two_genres(40, 60, 8)


def params(method: str = "als", fold_in: bool = False) -> Params:
    start = StartParams(method=method, regularization=0.1)  # type: ignore[arg-type]
    return Params(factors=6, start=start, fold_in=fold_in)


@pytest.mark.parametrize(("method", "fold_in"), [("als", True), ("als", False), ("svd", False)])
def test_shapes_and_shares(method: str, fold_in: bool) -> None:
    start = prepare_start(DATA, params(method, fold_in), seed=0)
    sizes = (len(DATA.catalogue), DATA.num_artists, DATA.num_title_ngrams)
    assert start.tracks.shape == start.seeds.shape == (sizes[0], 6)
    assert start.track_artists.shape == start.seed_artists.shape == (sizes[1], 6)
    assert start.titles.shape == (sizes[2], 6)
    np.testing.assert_allclose(start.track_artists, start.factors.artists * 0.15, rtol=1e-6)
    assert np.abs(start.titles).max() > 0
    # With fold-in the bags only correct.
    assert (np.abs(start.seeds).max() == 0) == fold_in
    assert (np.abs(start.seed_artists).max() == 0) == fold_in


def test_albums_share_their_vectors_where_they_count() -> None:
    start = prepare_start(DATA, params(), seed=0)
    assert start.album_ids is None
    assert start.factors.albums.shape == (0, 6)
    given = StartParams(regularization=0.1, album_weight=0.5, album_share=0.2)
    start = prepare_start(DATA, Params(factors=6, start=given), seed=0)
    albums = start.factors.albums
    assert albums.shape == (DATA.num_albums, 6)
    assert np.abs(albums).max() > 0
    expected = start.factors.tracks + 0.2 * albums[DATA.catalogue.album_ids]
    np.testing.assert_allclose(start.tracks, expected, rtol=1e-5)


def test_bags_regress_onto_the_playlists_vectors() -> None:
    start_params = StartParams(regularization=0.1, ridge_seeds=0.5)
    start = prepare_start(DATA, Params(factors=6, start=start_params, fold_in=False), seed=0)
    ours = start.factors.playlists
    # The bags of a playlist, as they will be computed for a query, come near its vector.
    rows = DATA.train.track_ids
    predicted = []
    for row in range(len(rows)):
        tracks = rows.row(row)
        artists, counts = np.unique(DATA.catalogue.artist_ids[tracks], return_counts=True)
        track_weights = start.seed_idf[tracks]
        artist_weights = np.log1p(counts) * start.artist_idf[artists]
        predicted.append(
            (track_weights / np.linalg.norm(track_weights)) @ start.seeds[tracks]
            + (artist_weights / np.linalg.norm(artist_weights)) @ start.seed_artists[artists]
        )
    similarity = np.sum(ours * predicted, axis=1) / (
        np.linalg.norm(ours, axis=1) * np.linalg.norm(predicted, axis=1)
    )
    assert similarity.mean() > 0.9


def test_random_tables_differ_and_follow_the_seed() -> None:
    first, again, other = (prepare_start(DATA, params("random"), seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.seeds, again.seeds)
    assert not np.array_equal(first.seeds, other.seeds)
    assert not np.array_equal(first.seeds, first.tracks)
    np.testing.assert_allclose(np.linalg.norm(first.titles, axis=1).mean(), 1, atol=0.3)
