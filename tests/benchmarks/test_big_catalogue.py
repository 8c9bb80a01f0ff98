from __future__ import annotations

import numpy as np
import pytest

from benchmarks import big_catalogue
from models import families


def made(seed: int = 1):
    return big_catalogue.training_data(
        tracks=5000, artists=300, albums=700, ngrams=100, playlists=400, seed=seed
    )


def test_zipf_halves_as_ids_double() -> None:
    drawn = big_catalogue.zipf(np.random.default_rng(0), 1000, 200_000)
    assert drawn.min() == 0
    assert drawn.max() == 999
    counts = np.bincount(drawn, minlength=1000)
    # Id i - 1 has the share log((i + 1) / i) / log(1001) of all: for 1, 2 and 10 that is .1003,
    # .0587 and .0138.
    assert counts[[0, 1, 9]] / 200_000 == pytest.approx([0.1003, 0.0587, 0.0138], rel=0.05)


def test_data_are_as_the_contract_says() -> None:
    data = made()
    tracks, titles = data.train.track_ids, data.train.title_ngram_ids
    assert len(data.train) == len(tracks) == len(titles) == 400
    assert len(data.stop) == 0
    assert tracks.values.dtype == np.int32
    for row in (0, 17, 399):
        assert len(set(tracks.row(row))) == len(tracks.row(row)) > 0
    counts = np.bincount(tracks.values, minlength=5000)
    np.testing.assert_array_equal(data.catalogue.counts, counts)
    # Most frequent first; some tracks are nowhere.
    assert (np.diff(counts) <= 0).all()
    assert counts[-1] == 0
    assert 0 <= data.catalogue.artist_ids.min() <= data.catalogue.artist_ids.max() < 300
    assert titles.values.max() < data.num_title_ngrams
    assert data.train.num_followers is not None
    assert len(data.train.num_followers) == 400


def test_the_seed_decides() -> None:
    first, again, other = (made(seed).train.track_ids.values for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_settings_are_ones_that_the_family_accepts() -> None:
    family = families.family("two_tower")
    for values in big_catalogue.SETTINGS.values():
        params = family.params(values)
        # The sampled loss is what is measured.
        assert params.full_softmax_max_tracks < 2_300_000  # type: ignore[attr-defined]
