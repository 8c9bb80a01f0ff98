from __future__ import annotations

import numpy as np
import pytest

from evaluation.scenarios import BY_NAME
from models.contract import Playlists, TrainingData
from models.tuning.inner_split import split_train
from tests.models.training_fixture import training_data, two_genres


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return two_genres(num_tracks=200, num_playlists=200, length=10)[0]


def uris(data: TrainingData, playlists: Playlists) -> list[list[bytes]]:
    rows = [playlists.track_ids.row(index) for index in range(len(playlists))]
    return [data.catalogue.track_uris[row].tolist() for row in rows]


def test_every_playlist_is_in_one_part(data: TrainingData) -> None:
    inner, scored = split_train(data, share=0.2, seed=3)
    # A fifth of 204 playlists is held out; a quarter of these are for stop.
    sizes = [len(inner.train), len(inner.stop), len(scored)]
    assert sizes == [173, 10, 31]
    assert (scored.num_targets > 0).all()
    tracks = len(inner.train.track_ids.values)
    tracks += scored.num_targets.sum() + len(scored.track_ids.values)
    # But for seeds that no other playlist holds.
    assert 0.9 < tracks / len(data.train.track_ids.values) <= 1


def test_the_rest_is_what_transform_would_have_made_of_it(data: TrainingData) -> None:
    inner, _ = split_train(data, share=0.3, seed=3)
    counts = np.bincount(inner.train.track_ids.values, minlength=len(inner.catalogue))
    assert (counts > 0).all(), "no track that the rest does not hold"
    assert inner.catalogue.counts.tolist() == counts.tolist()
    assert (np.diff(counts) <= 0).all(), "the most frequent first"
    assert len(inner.catalogue) < len(data.catalogue)
    # Track n is by artist n // 3 and called "song n".
    for uri, name, artist in zip(
        inner.catalogue.track_uris,
        inner.catalogue.track_names,
        inner.catalogue.artist_names,
        strict=True,
    ):
        number = int(uri.split(b":")[-1])
        assert (name, artist) == (f"song {number}".encode(), f"artist {number // 3}".encode())
    whole = {tuple(row) for row in uris(data, data.train)}
    assert all(tuple(row) in whole for row in uris(inner, inner.train))


def test_held_out_playlists_are_cut_by_their_scenario(data: TrainingData) -> None:
    inner, scored = split_train(data, share=0.5, seed=1)
    playlists = scored
    assert len(set(playlists.scenarios)) > 5
    for index, name in enumerate(playlists.scenarios):
        scenario = BY_NAME[name]
        seeds = playlists.track_ids.row(index)
        targets = playlists.targets.row(index)
        assert len(seeds) <= scenario.seeds
        assert not set(seeds) & set(targets)
        assert len(targets) <= playlists.num_targets[index]
        assert not len(playlists.title_ngram_ids.row(index)) or scenario.has_title
        assert set(inner.catalogue.artist_ids[seeds]) <= set(scored.artist_ids.row(index))


def test_the_artist_of_an_unknown_seed_is_known() -> None:
    # No two playlists share a track: whoever is held out has no seed that the rest holds.
    data, _ = training_data(
        [(f"title {first}", range(first, first + 12)) for first in range(0, 480, 12)]
    )
    inner, playlists = split_train(data, share=0.5, seed=1)
    assert len(inner.catalogue) == 25 * 12
    assert not len(playlists.track_ids.values)
    assert not len(playlists.targets.values)
    for index, name in enumerate(playlists.scenarios):
        seeds = min(BY_NAME[name].seeds, 6)
        assert len(playlists.artist_ids.row(index)) == seeds
        assert playlists.num_targets[index] == 12 - seeds


def test_it_follows_the_seed_alone(data: TrainingData) -> None:
    first, again, other = (split_train(data, 0.2, seed) for seed in (5, 5, 6))
    assert uris(first.data, first.data.train) == uris(again.data, again.data.train)
    assert list(first.scored.scenarios) == list(again.scored.scenarios)
    assert uris(first.data, first.data.train) != uris(other.data, other.data.train)


def test_fewer_playlists_can_be_asked_for(data: TrainingData) -> None:
    inner, scored = split_train(data, 0.2, seed=5, max_playlists=50)
    assert len(inner.train) + len(scored) == 50


def test_too_few_playlists_are_told() -> None:
    data, _ = training_data([("a", [0, 1]), ("b", [1, 2]), ("c", [2, 0])])
    with pytest.raises(ValueError, match=r"of 3 in train, a share of 0\.1 leaves 0"):
        split_train(data, 0.1, seed=0)
