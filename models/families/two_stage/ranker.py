"""The second stage: a small network that scores candidates by their features."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

from models.contract import Query, Ranker
from models.families.two_stage.features import NAMES, CandidateFeatures, Shown

# The network begins by saying little beside the first stage's own score.
_FIRST_WEIGHTS = 0.1
# Low enough that exp() of it is 0, and finite, so that no 0 * inf arises.
_NO_CANDIDATE = -1e9


class RankingNetwork(tfrs.Model):
    """Scores candidates by the first stage's score plus what a network adds to it.

    It learns to rank as a choice among a playlist's candidates: the cross-entropy between the
    softmax of their scores and the withheld tracks among them, all of equal weight (ListNet's
    top-one loss; Cao et al., 2007).
    """

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
        self._network.build((None, len(NAMES)))
        last.kernel.assign(last.kernel * _FIRST_WEIGHTS)
        self._task = tfrs.tasks.Ranking(loss=tf.keras.losses.CategoricalCrossentropy(True))
        self._score = NAMES.index("score")

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Scores candidates with features float32 [B, L, F] as float32 [B, L]."""
        standardised = self._standardise(features)
        return self._network(standardised)[..., 0] + standardised[..., self._score]

    # No `if` or loop here depends on a tensor, and looking for one takes longer than tracing.
    @tf.autograph.experimental.do_not_convert
    def train_step(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """A step of gradient descent; called by Keras."""
        return super().train_step(inputs)

    def compute_loss(
        self, inputs: tuple[tf.Tensor, tf.Tensor], training: bool = False
    ) -> tf.Tensor:
        """The loss of a batch; called by `tfrs.Model`.

        Args:
            inputs: float32 [B, L, F] features, and float32 [B, L] which candidates were withheld
                (1, at least one a row), were not (0), or are none (-1).
            training: not used.
        """
        del training
        features, relevant = inputs
        hits = tf.maximum(relevant, 0.0)
        shares = hits / tf.reduce_sum(hits, axis=1, keepdims=True)
        scores = tf.where(relevant < 0, _NO_CANDIDATE, self(features))
        return self._task(labels=shares, predictions=scores, compute_metrics=False)


class NetworkRanker(Ranker):
    """Describes candidates and has the network score them."""

    def __init__(
        self,
        network: RankingNetwork,
        features: CandidateFeatures,
        depth: int,
        bias: np.ndarray | None = None,
    ):
        """Puts the parts together.

        Args:
            network: trained.
            features: of the catalogue.
            depth: how many candidates to take.
            bias: float32 [N], added to the score of each track; None adds nothing.
        """
        super().__init__(name="network_ranker")
        self.depth = depth
        self._network = network
        self._features = features
        self._bias = None if bias is None else tf.Variable(bias, trainable=False, name="bias")

    def rank(self, query: Query, scores: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
        """See `Ranker`."""
        found = tf.math.is_finite(scores)
        features = describe(self._features, query, scores, ids)
        # Playlist by playlist: products of the same shapes, whatever the batch.
        ranked = tf.map_fn(lambda row: self._network(row[tf.newaxis])[0], features)
        if self._bias is not None:
            ranked += tf.gather(self._bias, ids)
        return tf.where(found, ranked, float("-inf"))


def describe(
    features: CandidateFeatures, query: Query, scores: tf.Tensor, ids: tf.Tensor
) -> tf.Tensor:
    """Describes the candidates of each playlist.

    Args:
        features: of the catalogue.
        query: B playlists.
        scores: float32 [B, L], the first stage's; where not finite, any finite description is
            given.
        ids: int32 [B, L].

    Returns:
        float32 [B, L, F].
    """
    has_title = query.title_ngram_ids.row_lengths() > 0
    scores = tf.where(tf.math.is_finite(scores), scores, 0.0)
    return tf.map_fn(
        lambda row: features(Shown(row[0], row[1], row[2]), row[3], row[4]),
        (query.track_ids, query.artist_ids, has_title, scores, ids),
        fn_output_signature=tf.TensorSpec([scores.shape[1], len(NAMES)], tf.float32),
    )
