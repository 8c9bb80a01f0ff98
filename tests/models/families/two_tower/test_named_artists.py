from __future__ import annotations

import dataclasses
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from models.contract import Playlists, TrainingData
from models.data.holding_out import part_of
from models.families.two_tower.model import fit
from models.families.two_tower.named_artists import NamedArtists, added, mention_probabilities
from models.families.two_tower.params import NamedArtistParams, Params
from tests.models.training_fixture import query, ragged, training_data

PARAMS = NamedArtistParams(
    prior_whole=0.4,
    prior_part=0.05,
    prior_strength=3,
    bonuses=(0.3, 0.1, 0.0),
    bonus_popularity=0.2,
)
# Tracks 0 to 2 are by artist 0, 3 to 5 by artist 1, and so on; ids are in this order.
DATA, _ = training_data(
    [
        ("artist 0", [0, 1, 3]),
        ("artist 0", [3, 4]),
        ("best of artist 0", [0, 6]),
        ("artist 1 and artist 2", [3, 4, 5]),
        ("mix", [0, 1, 3, 2, 4, 5, 6, 7, 8]),
        ("", [0]),
    ]
)
TRACKS = [int(uri[-4:]) for uri in DATA.catalogue.track_uris]


def test_mentions_of_the_fixture() -> None:
    rows = [DATA.train.mention_ids.row(row).tolist() for row in range(6)]
    assert rows == [[1], [1], [0], [2, 4], [], []]


def test_probabilities_by_hand() -> None:
    found = mention_probabilities(DATA.train, DATA.catalogue.artist_ids, 3, PARAMS)
    # Of two whole titles one is right, of the one part one; artist 1's part is right, 2's is not.
    expected = [
        (1 + 3 * 0.05) / (1 + 3), (1 + 3 * 0.4) / (2 + 3),
        (1 + 3 * 0.05) / (1 + 3), 0.4,
        (0 + 3 * 0.05) / (1 + 3), 0.4,
    ]  # fmt: skip
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_without_playlists_the_priors_remain() -> None:
    nothing = Playlists(ragged([]), ragged([]), ragged([]))
    found = mention_probabilities(nothing, DATA.catalogue.artist_ids, 3, PARAMS)
    np.testing.assert_allclose(found, [0.05, 0.4] * 3)


def test_playlists_that_are_left_out_do_not_count() -> None:
    part, _ = part_of(DATA, np.array([0, 2, 3, 4, 5]))
    found = mention_probabilities(part.train, part.catalogue.artist_ids, 3, PARAMS)
    assert found[1] == pytest.approx((1 + 3 * 0.4) / (1 + 3))


def test_the_likeliest_three_are_found() -> None:
    data = dataclasses.replace(DATA, num_artists=5)
    named = NamedArtists(data, PARAMS).find(query([[], [], []], mentions=[[4, 0, 3, 1], [], [5]]))
    # Artist 0 as a whole .44, artist 1 as a whole .4, artist 0 as a part .2875, artist 2 .0375.
    assert named.artist_ids.numpy().tolist() == [[0, 1, 0], [-1, -1, -1], [2, -1, -1]]
    np.testing.assert_allclose(
        named.probabilities, [[0.44, 0.4, 0.2875], [0, 0, 0], [0.4, 0, 0]], rtol=1e-6
    )


def ids_of(*tracks: int) -> list[int]:
    return sorted(TRACKS.index(track) for track in tracks)


def test_additions_by_hand() -> None:
    asked = query([[], [0], [0, 1], [], []], mentions=[[1], [1], [1], [], [2, 5]])
    found = NamedArtists(DATA, PARAMS).additions(asked)
    first, second = ids_of(0, 1, 2), [*ids_of(6, 7, 8), *ids_of(3, 4, 5)]
    assert found.ids.to_list() == [first, first, [], [], second]
    counts = DATA.catalogue.counts
    two_artists = [0.3 * 0.4] * 3 + [0.3 * 0.2875] * 3
    for row, amounts in enumerate([[0.3 * 0.44] * 3, [0.1 * 0.44] * 3, [], [], two_artists]):
        gains = 1 + 0.2 * np.log(counts[found.ids[row].numpy()])
        np.testing.assert_allclose(found.values[row], amounts * gains, rtol=1e-6)


def test_unknown_seeds_of_known_artists_are_seeds() -> None:
    asked = query([[], [0]], artists=[[1], [0]], mentions=[[1], [1]])
    values = NamedArtists(DATA, PARAMS).additions(asked).values.to_list()
    np.testing.assert_allclose(values[0], values[1])


def test_an_artist_of_many_tracks_adds_to_the_most_frequent() -> None:
    many = DATA.catalogue
    catalogue = dataclasses.replace(
        many,
        artist_ids=np.zeros(700, np.int64),
        counts=np.arange(700, 0, -1),
        **{
            name: np.full(700, b"", object)
            for name in ("track_uris", "track_names", "artist_names", "album_ids")
        },
    )
    data = dataclasses.replace(DATA, catalogue=catalogue)
    found = NamedArtists(data, PARAMS).additions(query([[], []], mentions=[[1], [3]]))
    assert found.ids.to_list() == [list(range(500)), []]


def test_added_to_scores() -> None:
    found = NamedArtists(DATA, PARAMS).additions(query([[], []], mentions=[[], [1]]))
    scores = added(tf.ones([2, 9]), found).numpy()
    assert scores[0].tolist() == [1] * 9
    np.testing.assert_allclose(scores[1, ids_of(0, 1, 2)], 1 + np.array(found.values[1]))
    assert scores[1, ids_of(3, 4, 5, 6, 7, 8)].tolist() == [1] * 6


@pytest.fixture(scope="module")
def data() -> TrainingData:
    generator = np.random.default_rng(0)
    playlists = [(f"artist {n % 8}", (3 * (n % 8) + np.arange(3)).tolist()) for n in range(40)]
    for _ in range(40):
        playlists.append(("mix", generator.choice(24, 6, replace=False).tolist()))
    return training_data(playlists)[0]


SMALL = {"factors": 8, "epochs": 0, "start": {"regularization": 0.5}}


@pytest.mark.parametrize(
    "settings", [{"bonuses": (0.3,), "seeds": 0}, {"bonuses": (0,), "seeds": 10}, {}]
)
def test_a_named_artist_comes_first(
    data: TrainingData, tmp_path: pathlib.Path, settings: dict
) -> None:
    """Each part does so by itself; the title has no known n-gram."""
    params = Params.model_validate({**SMALL, "named_artists": settings})
    scorer = fit(data, params, 0, str(tmp_path)).scorer
    asked = query([[], []], mentions=[[2 * 5 + 1], []])
    assert scorer.has_signal(asked).numpy().tolist() == [True, False]
    scores = scorer.score(asked).numpy()
    owners = data.catalogue.artist_ids[np.argsort(-scores[0])[:3]]
    assert owners.tolist() == [5, 5, 5]
    assert not scores[1].any()


def test_scores_are_products_and_additions(data: TrainingData, tmp_path: pathlib.Path) -> None:
    scorer = fit(data, Params.model_validate(SMALL), 0, str(tmp_path)).scorer
    asked = query([[], [3], []], ngrams=[[0, 1], [2], []], mentions=[[3, 4], [3], []])
    vectors = scorer.query_embedding(asked)
    expected = vectors.numpy() @ scorer.candidate_embeddings().numpy().T
    additions = scorer.additions(asked)
    for row in range(3):
        expected[row, additions.ids[row].numpy()] += additions.values[row].numpy()
    np.testing.assert_allclose(scorer.score(asked), expected, rtol=1e-4, atol=1e-5)
    products = scorer.products(vectors, additions.ids)
    together = products.with_flat_values(products.flat_values + additions.values.flat_values)
    for row in range(3):
        ids = additions.ids[row].numpy()
        np.testing.assert_allclose(together[row], expected[row, ids], rtol=1e-4, atol=1e-5)


def test_switched_off_nothing_is_named(data: TrainingData, tmp_path: pathlib.Path) -> None:
    params = Params.model_validate({**SMALL, "named_artists": {"bonuses": (0,), "seeds": 0}})
    scorer = fit(data, params, 0, str(tmp_path)).scorer
    asked = query([[], [2]], ngrams=[[1], [1]], mentions=[[3], [3]])
    unnamed = query([[], [2]], ngrams=[[1], [1]])
    assert scorer.additions(asked) is None
    np.testing.assert_array_equal(scorer.score(asked), scorer.score(unnamed))
    only = query([[]], mentions=[[3]])
    assert scorer.has_signal(only).numpy().tolist() == [False]
