from __future__ import annotations

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from models.contract import Playlists
from models.families.two_tower.params import Params
from models.families.two_tower.seeds import Cut, cut_playlists, training_batches
from tests.models.training_fixture import ragged


def cut(tracks: list, titles: list, seed: int = 0, **params: object) -> Cut:
    return cut_playlists(
        ragged(tracks).to_tensor(),
        ragged(titles).to_tensor(),
        Params(**params),  # type: ignore[arg-type]
        tf.constant([seed, 0], tf.int64),
    )


def test_first_tracks_in_order() -> None:
    tracks = [[9, 3, 7, 1, 5, 0, 2, 4, 6, 8], [5, 1, 4], [2], []]
    found = cut(
        tracks,
        [[1], [2], [3], []],
        seed_counts=(3,),
        seedless_share=0,
        title_share=0,
        random_seeds_share=0,
    )
    # At most half of three is one, and of one none: there the title is shown all the same.
    assert found.seeds.to_list() == [[9, 3, 7], [5], [], []]
    assert found.targets.to_list() == [[1, 5, 0, 2, 4, 6, 8], [1, 4], [2], []]
    assert found.title_ngram_ids.to_list() == [[], [], [3], []]


def test_titles_are_always_or_never_shown() -> None:
    tracks, titles = [list(range(20))] * 8, [[4, 4]] * 8
    for share, expected in ((1, [[4, 4]] * 8), (0, [[]] * 8)):
        found = cut(tracks, titles, seedless_share=0, title_share=share)
        assert found.title_ngram_ids.to_list() == expected
    seedless = cut(tracks, titles, seedless_share=1, title_share=0)
    assert seedless.seeds.to_list() == [[]] * 8
    assert seedless.title_ngram_ids.to_list() == titles


def test_random_seeds_are_anywhere_and_each_as_likely() -> None:
    tracks = [list(range(10))] * 2000
    found = cut(tracks, [[]] * 2000, seed_counts=(3,), seedless_share=0, random_seeds_share=1)
    assert (found.seeds.row_lengths() == 3).numpy().all()
    counts = np.bincount(found.seeds.flat_values.numpy(), minlength=10)
    # 6,000 seeds over 10 places: 600 each, standard deviation sqrt(2000 * .3 * .7) = 20.
    assert np.abs(counts - 600).max() < 100


def test_shares_of_rows() -> None:
    tracks = [list(range(200))] * 4000
    found = cut(tracks, [[1]] * 4000)
    lengths = found.seeds.row_lengths().numpy()
    assert abs((lengths == 0).mean() - 0.1) < 0.02
    for count in (1, 5, 10, 25, 50, 100):
        assert abs((lengths == count).mean() - 0.15) < 0.03
    shown = found.title_ngram_ids.row_lengths().numpy() > 0
    assert shown[lengths == 0].all()
    assert abs(shown[lengths > 0].mean() - 0.7) < 0.03


@settings(deadline=None, max_examples=25)
@given(
    rows=st.lists(st.lists(st.integers(0, 99), unique=True, max_size=30), min_size=1, max_size=5),
    seed=st.integers(0, 1000),
)
def test_seeds_and_targets_are_the_playlist(rows: list[list[int]], seed: int) -> None:
    found = cut(rows, [[] for _ in rows], seed)
    for row, seeds, targets in zip(
        rows, found.seeds.to_list(), found.targets.to_list(), strict=True
    ):
        assert len(seeds) <= len(row) / 2
        assert sorted(seeds + targets) == sorted(row)
        assert [track for track in row if track in seeds] == seeds


PLAYLISTS = Playlists(
    ragged([[3 * i, 3 * i + 1, 3 * i + 2] for i in range(10)]), ragged([[]] * 10), ragged([[]] * 10)
)


def _epochs(first: int = 0, seed: int = 1) -> list[list]:
    params = Params(batch_size=4, epochs=3)
    return [
        [tf.concat([part.seeds, part.targets], axis=1).to_list(), part.seeds.to_list()]
        for part in training_batches(PLAYLISTS, params, seed, first)
    ]


def test_every_epoch_holds_every_playlist_once_in_another_order() -> None:
    batches = _epochs()
    assert [len(tracks) for tracks, _ in batches] == [4, 4, 2] * 3
    orders = []
    for epoch in range(3):
        rows = [row for tracks, _ in batches[3 * epoch : 3 * epoch + 3] for row in tracks]
        orders.append([min(row) // 3 for row in rows])
        assert sorted(orders[-1]) == list(range(10))
    assert orders[0] != orders[1] != orders[2]


def test_a_later_epoch_is_the_same_from_wherever_one_begins() -> None:
    assert _epochs() == _epochs()
    assert _epochs()[6:] == _epochs(first=2)
    assert _epochs() != _epochs(seed=2)
