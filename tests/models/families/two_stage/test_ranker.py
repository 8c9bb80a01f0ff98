from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from models.families.two_stage.ranker import NetworkRanker


class OneFeature:
    """Describes a candidate by its id."""

    def describe(self, query: None, scores: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
        return tf.cast(ids, tf.float32)[..., tf.newaxis]


@pytest.mark.parametrize(
    ("bias", "expected"),
    [(None, [[2.0, 4.0, -np.inf]]), (np.array([9, 10, 20, 30], np.float32), [[12, 24, -np.inf]])],
)
def test_candidates_are_ranked_by_the_mean_of_the_networks(
    bias: np.ndarray | None, expected: list[list[float]]
) -> None:
    networks = [lambda features: features[..., 0], lambda features: 3 * features[..., 0]]
    ranker = NetworkRanker(networks, OneFeature(), 3, bias)  # type: ignore[arg-type]
    # The third is no candidate.
    scores = tf.constant([[0.5, 0.4, -np.inf]])
    ranked = ranker.rank(None, scores, tf.constant([[1, 2, 3]]))  # type: ignore[arg-type]
    np.testing.assert_allclose(ranked, expected)
