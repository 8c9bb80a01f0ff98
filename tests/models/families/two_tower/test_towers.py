from __future__ import annotations

import dataclasses

import numpy as np
import tensorflow as tf

from models.families.two_tower.params import Params, StartParams
from models.families.two_tower.start import prepare_start
from models.families.two_tower.towers import CandidateTower, QueryTower
from tests.models.training_fixture import query, two_genres

DATA, _ = two_genres(40, 60, 8)
BAGS = Params(factors=4, fold_in=False, start=StartParams(regularization=0.1))
FOLD_IN = Params(factors=4, start=StartParams(regularization=0.1))
ASKED = query([[0, 1], [], [5], []], ngrams=[[], [2, 3], [2, 3], []], artists=[[0, 0], [], [1], []])


def test_candidates_are_tracks_plus_their_artists() -> None:
    start = prepare_start(DATA, BAGS, 0)
    artist_ids = DATA.catalogue.artist_ids.copy()
    artist_ids[3] = -1
    tower = CandidateTower(start, artist_ids, BAGS)
    expected = start.tracks + start.track_artists[artist_ids]
    expected[3] = start.tracks[3]
    np.testing.assert_allclose(tower.all_tracks(), expected, rtol=1e-6)
    np.testing.assert_allclose(tower(tf.constant([3, 7, 3])), expected[[3, 7, 3]], rtol=1e-6)


def test_bags_are_summed_and_seeds_outweigh_the_title() -> None:
    start = prepare_start(DATA, BAGS, 0)
    tower = QueryTower(start, BAGS)
    both = tower(ASKED).numpy()
    parts = [
        tower(query(tracks, ngrams, artists)).numpy()
        for tracks, ngrams, artists in (
            ([[5]], [[]], [[]]),
            ([[]], [[]], [[1]]),
            ([[]], [[2, 3]], [[]]),
        )
    ]
    # One seed and half a seed's worth of title: 1 / (1 + 1 / .5) = 1 / 3 of the title.
    np.testing.assert_allclose(both[2], (parts[0] + parts[1] + parts[2] / 3)[0], 1e-5, 1e-6)
    np.testing.assert_allclose(both[1], parts[2][0], rtol=1e-5, atol=1e-6)
    assert both[3].tolist() == [0] * 4


def test_fold_in_takes_the_title_when_there_is_nothing_else() -> None:
    start = prepare_start(DATA, FOLD_IN, 0)
    tower = QueryTower(start, FOLD_IN)
    found = tower(ASKED).numpy()
    title = QueryTower(start, BAGS)(query([[]], [[2, 3]])).numpy()
    np.testing.assert_allclose(found[1], title[0], rtol=1e-5, atol=1e-6)
    assert found[3].tolist() == [0] * 4
    assert np.abs(found[[0, 2]]).max(axis=1).min() > 0


def test_only_named_tables_are_trained() -> None:
    start = prepare_start(DATA, BAGS, 0)
    every = ("seeds", "seed_artists", "titles", "tracks", "track_artists")
    for base in (BAGS, FOLD_IN):
        for trained, queries, candidates in (((), 0, 0), (every[:3], 3, 0), (every[3:], 0, 2)):
            some = base.model_copy(update={"trained": trained})
            assert len(QueryTower(start, some).trainable_variables) == queries
            tower = CandidateTower(start, DATA.catalogue.artist_ids, some)
            assert len(tower.trainable_variables) == candidates


def test_a_catalogue_without_artists_and_titles() -> None:
    nobody = np.full(len(DATA.catalogue), -1)
    data = dataclasses.replace(
        DATA,
        catalogue=dataclasses.replace(DATA.catalogue, artist_ids=nobody, album_ids=nobody),
        train=dataclasses.replace(
            DATA.train,
            title_ngram_ids=dataclasses.replace(
                DATA.train.title_ngram_ids,
                values=np.zeros(0, np.int32),
                splits=np.zeros(len(DATA.train) + 1, np.int64),
            ),
        ),
        num_artists=0,
        num_albums=0,
        num_title_ngrams=0,
    )
    for params in (BAGS, FOLD_IN):
        start = prepare_start(data, params, 0)
        asked = query([[0, 1], []])
        vectors = QueryTower(start, params)(asked).numpy()
        assert np.abs(vectors[0]).max() > 0
        assert vectors[1].tolist() == [0] * 4
        candidates = CandidateTower(start, data.catalogue.artist_ids, params).all_tracks()
        np.testing.assert_array_equal(candidates, start.tracks)
