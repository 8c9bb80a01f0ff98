from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf

from models.contract import Catalogue
from models.families.two_stage.features import NAMES, CandidateFeatures, Shown

# Artist 0 has tracks 0 and 2 in 8 + 2 playlists, artist 1 track 1 in 4; that of track 3 is unknown.
CATALOGUE = Catalogue(
    track_uris=np.array([b"t0", b"t1", b"t2", b"t3"], object),
    track_names=np.array([b""] * 4, object),
    artist_names=np.array([b""] * 4, object),
    artist_ids=np.array([0, 1, 0, -1]),
    album_ids=np.array([-1] * 4),
    counts=np.array([8, 4, 2, 1]),
)


def describe(
    tracks: list[int], artists: list[int], scores: list[float], ids: list[int], title: bool = True
) -> dict[str, np.ndarray]:
    shown = Shown(tf.constant(tracks, tf.int64), tf.constant(artists, tf.int64), tf.constant(title))
    features = CandidateFeatures(CATALOGUE, 2)
    found = features(shown, tf.constant(scores, tf.float32), tf.constant(ids, tf.int32)).numpy()
    assert found.shape == (len(ids), len(NAMES))
    return dict(zip(NAMES, found.T, strict=True))


def test_by_hand() -> None:
    # Seeds: track 0 of artist 0, and an unknown track, of artist 1.
    found = describe([0], [0, 1], [0.6, 0.2], [2, 1])
    log, least = math.log, 1e-3
    expected = {
        "score": [0.6, 0.2],
        "log_score": [log(0.6 + least), log(0.2 + least)],
        "relative_score": [0.6 / 0.4, 0.2 / 0.4],
        "best_score": [log(0.4 + least)] * 2,
        "artist_seeds": [log(2)] * 2,
        "artist_share": [0.5, 0.5],
        "log_artist_share": [log(0.5 + least)] * 2,
        "artist_candidates": [1, 1],
        "count": [log(2), log(4)],
        "artist_count": [log(10), log(4)],
        "artist_tracks": [log(2), 0],
        "share_of_artist": [log(2) - log(10), 0],
        "seed_count": [log(8)] * 2,
        "count_beside_seeds": [log(2) - log(8), log(4) - log(8)],
        "num_seeds": [log(3)] * 2,
        "distinct_artists": [1, 1],
        "has_title": [1, 1],
    }
    assert list(expected) == list(NAMES)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5, err_msg=name)


def test_an_unknown_artist_is_nobodys() -> None:
    # Not even another unknown artist's: the seed track 3 has none either.
    found = describe([3], [], [1.0, 0.5], [3, 0])
    assert found["artist_seeds"].tolist() == [0, 0]
    assert found["artist_candidates"].tolist() == [0, 1]
    assert found["artist_count"][0] == 0


def test_an_artist_counts_once_for_each_seed() -> None:
    found = describe([0, 2], [0, 0, 1], [1.0], [1])
    assert found["artist_share"][0] == pytest.approx(1 / 3)
    assert found["distinct_artists"][0] == pytest.approx(2 / 3)


def test_title_only_is_finite() -> None:
    found = describe([], [], [0.0, -0.5], [1, 3])
    assert all(np.isfinite(values).all() for values in found.values())
    assert found["num_seeds"].tolist() == [0, 0]
    assert found["count_beside_seeds"].tolist() == [0, 0]


def test_without_a_title() -> None:
    assert describe([0], [0], [1.0], [1], title=False)["has_title"].tolist() == [0]
