"""The second stage: a small network that scores candidates by their features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

from models.contract import Query, Ranker
from models.families.two_stage.features import NAMES, CandidateFeatures

# The network begins by saying little beside the first stage's own score.
_FIRST_WEIGHTS = 0.1
# Low enough that exp() of it is 0, and finite, so that no 0 * inf arises.
_NO_CANDIDATE = -1e9


class HitsAgainstOthers(tf.keras.losses.Loss):
    """Each hit against all that was not withheld, whatever the other hits score.

    A playlist's loss is sum_h log(1 + sum_n exp(s_n - s_h)) / sqrt(H) over its H hits h and the
    other candidates n.
    """

    def call(self, relevant: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
        """The loss of each playlist.

        Args:
            relevant: float32 [B, K], 1 for hits, at least one a row, 0 for others, -1 for none.
            scores: float32 [B, K], to those of others the log of how many each stands for added.

        Returns:
            float32 [B].
        """
        others = tf.reduce_logsumexp(
            tf.where(tf.equal(relevant, 0.0), scores, _NO_CANDIDATE), axis=1, keepdims=True
        )
        is_hit = tf.cast(relevant > 0, tf.float32)
        losses = tf.math.softplus(others - scores) * is_hit
        return tf.reduce_sum(losses, axis=1) / tf.sqrt(tf.reduce_sum(is_hit, axis=1))


class RankingNetwork(tfrs.Model):
    """Scores candidates by the first stage's score plus what a network adds to it."""

    def __init__(self, mean: np.ndarray, variance: np.ndarray, hidden: tuple[int, ...], l2: float):
        """Builds an untrained network.

        Args:
            mean: float32 [F], of each feature.
            variance: float32 [F].
            hidden: sizes of the hidden layers.
            l2: pull of the weights towards zero.
        """
        super().__init__()
        self._standardise = tf.keras.layers.Normalization(mean=mean, variance=variance)
        regularizer = tf.keras.regularizers.L2(l2)
        layers = [
            tf.keras.layers.Dense(size, "relu", kernel_regularizer=regularizer) for size in hidden
        ]
        last = tf.keras.layers.Dense(1, kernel_regularizer=regularizer)
        self._network = tf.keras.Sequential([*layers, last])
        self._network.build((None, len(mean)))
        last.kernel.assign(last.kernel * _FIRST_WEIGHTS)
        self._task = tfrs.tasks.Ranking(loss=HitsAgainstOthers())
        self._score = NAMES.index("score")

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Scores candidates with features float32 [B, L, F] as float32 [B, L]."""
        standardised = self._standardise(features)
        return self._network(standardised)[..., 0] + standardised[..., self._score]

    # No `if` or loop here depends on a tensor, and looking for one takes longer than tracing.
    @tf.autograph.experimental.do_not_convert
    def train_step(self, inputs: tuple[tf.Tensor, ...]) -> dict[str, tf.Tensor]:
        """A step of gradient descent; called by Keras."""
        return super().train_step(inputs)

    def compute_loss(self, inputs: tuple[tf.Tensor, ...], training: bool = False) -> tf.Tensor:
        """The loss of a batch; called by `tfrs.Model`.

        Args:
            inputs: float32 [B, K, F] features, float32 [B, K] which candidates were withheld (1, at
                least one a row), were not (0), or are none (-1), and float32 [B, K] the log of how
                many each stands for.
            training: not used.
        """
        del training
        features, relevant, log_weights = inputs
        return self._task(
            labels=relevant, predictions=self(features) + log_weights, compute_metrics=False
        )


class NetworkRanker(Ranker):
    """Describes candidates and has networks score them: a candidate's score is their mean."""

    def __init__(
        self,
        networks: Sequence[RankingNetwork],
        features: CandidateFeatures,
        depth: int,
        bias: np.ndarray | None = None,
    ):
        """Puts the parts together.

        Args:
            networks: trained, one or more.
            features: of the catalogue.
            depth: how many candidates to take.
            bias: float32 [N], added to the score of each track; None adds nothing.
        """
        super().__init__(name="network_ranker")
        self.depth = depth
        self._networks = list(networks)
        self._features = features
        self._bias = None if bias is None else tf.Variable(bias, trainable=False, name="bias")

    def rank(self, query: Query, scores: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
        """See `Ranker`."""
        found = tf.math.is_finite(scores)
        features = self._features.describe(query, scores, ids)
        # Playlist by playlist: products of the same shapes, whatever the batch.
        ranked = tf.map_fn(self._mean, features)
        if self._bias is not None:
            ranked += tf.gather(self._bias, ids)
        return tf.where(found, ranked, float("-inf"))

    def _mean(self, features: tf.Tensor) -> tf.Tensor:
        scores = [network(features[tf.newaxis])[0] for network in self._networks]
        return tf.add_n(scores) / len(scores)
