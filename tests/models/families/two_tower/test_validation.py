from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from models.families.two_tower.network import TwoTower
from models.families.two_tower.params import Params, StartParams
from models.families.two_tower.start import prepare_start
from models.families.two_tower.validation import Validation
from tests.models.training_fixture import held_out, two_genres

DATA, _ = two_genres(40, 60, 8)
PARAMS = Params(factors=1, fold_in=False, start=StartParams(artist_share=0, regularization=0.1))


@pytest.fixture(scope="module")
def network() -> TwoTower:
    """Scores track t of 40 with -t for a playlist with seeds: its order is by id."""
    made = TwoTower(prepare_start(DATA, PARAMS, 0), DATA, PARAMS, 0)
    made.candidate_tower.tracks.assign(-np.arange(40.0)[:, np.newaxis])
    made.query_tower._seeds.vectors.assign(tf.ones([40, 1]))
    made.query_tower._seed_artists.vectors.assign(
        tf.zeros_like(made.query_tower._seed_artists.vectors)
    )
    return made


def test_by_hand(network: TwoTower) -> None:
    # Without its seeds the first is offered 1, 3, 4 ...: hits at ranks 1 and 3 of three withheld,
    # one of them unknown. The second is offered 0, 1 ...: a hit at rank 2.
    playlists = held_out([[0, 2], [5]], [[1, 4], [1]], [3, 1])
    log = np.log2
    first = (1 + 1 / log(4)) / (1 + 1 / log(3) + 1 / log(4))
    np.testing.assert_allclose(
        Validation(network, playlists).ndcg(), (first + 1 / log(3)) / 2, rtol=1e-6
    )


def test_playlists_without_anything_withheld_do_not_count(network: TwoTower) -> None:
    assert Validation(network, held_out([[1], [1]], [[0], []])).ndcg() == pytest.approx(1)


def test_more_playlists_than_are_scored_at_once(network: TwoTower) -> None:
    playlists = held_out([[1]] * 70, [[0]] * 70)
    assert Validation(network, playlists).ndcg() == pytest.approx(1)


def test_nothing_to_validate_on(network: TwoTower) -> None:
    with pytest.raises(ValueError, match="no held-out playlists"):
        Validation(network, held_out([[1]], [[]])).ndcg()
