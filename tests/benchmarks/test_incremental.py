"""What the benchmark of incremental updates makes of data, and how it compares two versions."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import incremental
from tests.models.training_fixture import training_data


def test_a_part_has_the_vocabularies_that_it_would_have_alone() -> None:
    playlists = [("ab", [0, 1, 2]), ("cd", [7, 8]), ("ab", [1, 9]), ("cd", [7])]
    data, vocabularies = incremental.part(*training_data(playlists), np.array([0, 2]))
    alone, its = training_data([playlists[0], playlists[2]])
    assert vocabularies == its
    assert data.catalogue.track_uris.tolist() == alone.catalogue.track_uris.tolist()
    assert data.catalogue.artist_ids.tolist() == alone.catalogue.artist_ids.tolist()
    assert data.catalogue.album_ids.tolist() == alone.catalogue.album_ids.tolist()
    assert data.catalogue.counts.tolist() == [2, 1, 1, 1]
    assert data.train.track_ids.row(1).tolist() == alone.train.track_ids.row(1).tolist()
    assert data.train.title_ngram_ids.values.tolist() == (
        alone.train.title_ngram_ids.values.tolist()
    )
    assert (data.num_artists, data.num_albums, data.num_title_ngrams) == (
        alone.num_artists,
        alone.num_albums,
        alone.num_title_ngrams,
    )


def test_the_overlap_by_hand() -> None:
    one = np.array([[b"a", b"b", b"c"], [b"a", b"", b""]], object)
    other = np.array([[b"b", b"a", b"d"], [b"a", b"", b""]], object)
    # Of the first two both, and of the second playlist one of two places.
    assert incremental.overlap(one, other, 2) == pytest.approx((1 + 0.5) / 2)
    assert incremental.overlap(one, other, 3) == pytest.approx((2 / 3 + 1 / 3) / 2)
