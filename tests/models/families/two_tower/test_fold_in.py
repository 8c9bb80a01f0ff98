from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from models.families.two_tower.factorization import Factors
from models.families.two_tower.fold_in import FoldIn, MadeUp
from models.families.two_tower.params import StartParams
from tests.models.training_fixture import query


def factors(tracks: list, artists: list, weights: list, artist_weights: list) -> Factors:
    width = len(tracks[0])
    return Factors(
        playlists=np.zeros((1, width), np.float32),
        tracks=np.array(tracks, np.float32),
        artists=np.array(artists, np.float32).reshape(-1, width),
        albums=np.zeros((0, width), np.float32),
        track_weights=np.array(weights, np.float32),
        artist_weights=np.array(artist_weights, np.float32),
        album_weights=np.zeros(0, np.float32),
    )


# One dimension. H = 2 * 2 + 1 * 1 + 3 * 3 (the artist) + 6 = 20.
ONE = factors([[2], [1]], [[3]], [1.0, 0.5], [0.2])
PARAMS = StartParams(alpha=10, regularization=6)


def fold(
    layer: FoldIn,
    tracks: list,
    artists: list,
    title: list,
    has_title: list,
    made_up: MadeUp | None = None,
) -> np.ndarray:
    asked = query(tracks, artists=artists)
    return layer(
        asked.track_ids,
        asked.artist_ids,
        tf.constant(title, tf.float32),
        tf.constant(has_title),
        made_up,
    ).numpy()


def test_by_hand() -> None:
    layer = FoldIn(ONE, PARAMS, title_strength=0.5)
    tracks = [[0], [0, 1], [0], [], []]
    artists: list[list[int]] = [[], [], [0, 0, 0], [], []]
    title = [[0], [0], [4], [7], [9]]
    found = fold(layer, tracks, artists, title, [False, False, True, True, False])
    expected = [
        # Confidence 10 * 1: (20 + 9 * 4) x = 10 * 2.
        20 / 56,
        # And track 1 with 10 * .5: (56 + 4 * 1) x = 20 + 5 * 1.
        25 / 60,
        # The artist thrice: 10 * .2 * log2(4) = 4, (56 + 3 * 9) x = 20 + 4 * 3; and the title, of
        # strength .5: 10 more on the left, 10 * 4 on the right.
        (20 + 12 + 40) / (56 + 27 + 10),
        # The title alone, as it is; then nothing.
        7,
        0,
    ]
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-5)


def test_seeds_are_made_up_where_there_are_none() -> None:
    layer = FoldIn(ONE, PARAMS, title_strength=0.5)
    ids, counts = [[0, -1], [0, -1], [-1, -1], [0, -1]], [[3, 0], [1.5, 0], [0, 0], [3, 0]]
    made_up = MadeUp(tf.constant(ids, tf.int64), tf.constant(counts, tf.float32), 0.2)
    title, has_title = [[4], [4], [7], [0]], [True, False, True, False]
    found = fold(layer, [[], [], [], [0]], [[]] * 4, title, has_title, made_up)
    expected = [
        # The artist thrice as above, and the title with .2: (20 + 27 + 4) x = 12 + .2 * 20 * 4.
        (12 + 16) / (20 + 27 + 4),
        # Without a title: 10 * .2 * log2(2.5) = c, (20 + (c - 1) * 9) x = c * 3.
        2 * np.log2(2.5) * 3 / (20 + (2 * np.log2(2.5) - 1) * 9),
        # Nobody is named, so the title is taken as it is; then a seed, so nothing is made up.
        7,
        20 / 56,
    ]
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-5)


def test_albums_count_like_artists() -> None:
    # The album's vector is 4 with weight .1; H = 2 * 2 + 1 * 1 + 3 * 3 + 4 * 4 + 6 = 36.
    albums = ONE._replace(
        albums=np.array([[4]], np.float32), album_weights=np.array([0.1], np.float32)
    )
    layer = FoldIn(albums, PARAMS, title_strength=0.5, album_ids=np.array([0, -1]))
    found = fold(layer, [[0], [1]], [[], []], [[0], [0]], [False, False])
    # Track 0 with 10 and the album with 1: (36 + 9 * 4 + 0 * 16) x = 20 + 4. Track 1 is on none.
    np.testing.assert_allclose(found[:, 0], [24 / 72, 5 / 40], rtol=1e-5)


def test_solves_what_it_says_it_minimises() -> None:
    generator = np.random.default_rng(0)
    tracks, artists = generator.standard_normal((7, 3)), generator.standard_normal((2, 3))
    weights, artist_weights = generator.random(7) + 0.5, generator.random(2)
    everything = factors(tracks, artists, weights, artist_weights)
    title = generator.standard_normal(3)
    layer = FoldIn(everything, PARAMS, title_strength=0.3)
    found = fold(layer, [[1, 4, 5]], [[0, 1, 0]], [title], [True])[0]

    gram = tracks.T @ tracks + artists.T @ artists + 6 * np.eye(3)
    seen = [(tracks[i], 10 * weights[i]) for i in (1, 4, 5)]
    seen += [
        (artists[0], 10 * artist_weights[0] * np.log2(3)),
        (artists[1], 10 * artist_weights[1]),
    ]

    def loss(x: np.ndarray) -> float:
        kept = sum((c - 1) * (x @ y) ** 2 - 2 * c * (x @ y) for y, c in seen)
        return float(x @ gram @ x + kept + 0.3 * (x - title) @ gram @ (x - title))

    step = 1e-3
    for direction in np.eye(3):
        assert loss(found) < loss(found + step * direction)
        assert loss(found) < loss(found - step * direction)


def test_no_artists_at_all() -> None:
    # H = 2 * 2 + 1 * 1 + 6 = 11 without the artist; (11 + 9 * 4) x = 20.
    without = ONE._replace(artists=np.zeros((0, 1), np.float32), artist_weights=np.zeros(0))
    for layer in (
        FoldIn(without, PARAMS, 0.1),
        FoldIn(ONE, PARAMS.model_copy(update={"artist_weight": 0.0}), 0.1),
    ):
        assert not layer.uses_artists
        found = fold(layer, [[0]], [[]], [[0]], [False])
        np.testing.assert_allclose(found, [[20 / 47]], rtol=1e-5)


@pytest.mark.parametrize("rows", [1, 3])
def test_a_playlist_is_folded_in_the_same_in_any_batch(rows: int) -> None:
    generator = np.random.default_rng(1)
    everything = factors(
        generator.standard_normal((50, 16)), generator.standard_normal((5, 16)), [1] * 50, [0.5] * 5
    )
    layer = FoldIn(everything, StartParams(), 0.1)
    tracks = [[3, 4], list(range(50)), []]
    artists = [[1, 2], [0] * 50, [4]]
    title = generator.standard_normal((3, 16)).astype(np.float32)
    together = fold(layer, tracks, artists, title, [True, False, True])
    alone = fold(layer, tracks[:rows], artists[:rows], title[:rows], [True, False, True][:rows])
    np.testing.assert_allclose(together[:rows], alone, rtol=1e-5, atol=1e-5)


def test_gradient_reaches_the_title_only() -> None:
    layer = FoldIn(ONE, PARAMS, title_strength=0.5)
    asked = query([[0], []])
    title = tf.Variable([[1.0], [1.0]])
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(
            layer(asked.track_ids, asked.artist_ids, title, tf.constant([True, True]))
        )
    # d/dm of (20 + .5 * 20 m) / (56 + 10), and of m.
    np.testing.assert_allclose(tape.gradient(total, title), [[10 / 66], [1.0]], rtol=1e-5)
    assert layer.trainable_variables == []
