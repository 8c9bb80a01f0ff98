"""Clusters of tracks and of listeners, by hand."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from models.contract import Query, Scorer
from models.families.genre_specialist.model import SpecialistScorer, cluster
from tests.models.training_fixture import query

#: Tracks 0, 1, 2 are of cluster 0, tracks 3, 4 of cluster 1, track 5 of cluster 2.
CLUSTERS = np.array([0, 0, 0, 1, 1, 2])


class Factors(Scorer):
    uses_title = True

    def score(self, query: Query) -> tf.Tensor:
        return tf.tile(tf.constant([[1.0, 3.0, -1.0, 2.0, 0.0, 5.0]]), [query.track_ids.nrows(), 1])


def specialist(share: float) -> SpecialistScorer:
    return SpecialistScorer(Factors(), CLUSTERS, share)


@pytest.mark.parametrize(
    ("share", "seeds", "at_home"),
    [
        (0.5, [0, 1, 3], [True, False, False]),  # two thirds are enough
        (0.7, [0, 1, 3], [True, True, False]),
        (1.0, [0, 1, 3], [True, True, False]),  # none of the seeds is of cluster 2
        (0.5, [0, 3], [True, False, False]),  # of equal ones the first
        (0.5, [5], [False, False, True]),
        (0.5, [], [False, False, False]),
    ],
)
def test_the_clusters_that_hold_most_of_the_seeds(
    share: float, seeds: list[int], at_home: list[bool]
) -> None:
    asked = query([[4], seeds])
    assert specialist(share).at_home(asked).numpy().tolist() == [[False, True, False], at_home]


def test_tracks_of_other_clusters_come_behind_all_others() -> None:
    # From -1 to 5: others lose 6 + 1.
    scores = specialist(0.5).score(query([[0], [3]])).numpy()
    assert scores.tolist() == [[1, 3, -1, -5, -7, -2], [-6, -4, -8, 2, 0, -2]]


def test_without_seeds_the_order_is_that_of_the_factors() -> None:
    scores = specialist(0.5).score(query([[]])).numpy()[0]
    assert np.argsort(-scores).tolist() == [5, 1, 3, 0, 4, 2]
    assert specialist(0.5).uses_title


def test_clusters_are_of_directions() -> None:
    """Whatever their length, vectors that point the same way belong together."""
    angles = np.repeat([0.0, 2.0, 4.0], 40) + np.random.default_rng(0).normal(0, 0.05, 120)
    lengths = np.random.default_rng(1).uniform(0.1, 10, (120, 1))
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1) * lengths
    found = cluster(vectors.astype(np.float32), 3, 4)
    assert [len(set(found[start : start + 40])) for start in (0, 40, 80)] == [1, 1, 1]
    assert len(set(found)) == 3
    np.testing.assert_array_equal(found, cluster(vectors.astype(np.float32), 3, 4))


def test_a_track_without_a_vector_is_in_some_cluster() -> None:
    found = cluster(np.array([[1.0, 0.0], [0.0, 0.0]], np.float32), 5, 0)
    assert found.shape == (2,)
    assert np.isfinite(found).all()
