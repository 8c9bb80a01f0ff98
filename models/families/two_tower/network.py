"""The towers and their loss as a TensorFlow Recommenders model."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

from models.contract import Query, TrainingData
from models.families.two_tower.loss import Sample, full_softmax_loss, sampled_softmax_loss
from models.families.two_tower.named_artists import NamedArtists
from models.families.two_tower.params import Params
from models.families.two_tower.seeds import Cut
from models.families.two_tower.start import Start
from models.families.two_tower.towers import CandidateTower, QueryTower
from models.rows import keep

# Temperatures that are tried when none is given, and playlists that they are tried on.
_TEMPERATURES = np.geomspace(1.0, 1.0 / 128.0, 15)


class CatalogueSoftmax(tfrs.tasks.Task):
    """Retrieval as a choice among the whole catalogue, or a sample of it where that is too big."""

    def __init__(self, num_tracks: int, params: Params, seed: int):
        """Chooses the loss by the catalogue's size.

        Args:
            num_tracks: N.
            params: `full_softmax_max_tracks` and `negatives`.
            seed: of the sample.
        """
        self._num_tracks = num_tracks
        self._negatives = min(params.negatives, num_tracks)
        self._seed = seed
        self.sampled = num_tracks > params.full_softmax_max_tracks

    def call(self, queries: tf.Tensor, candidates: CandidateTower, cut: Cut) -> tf.Tensor:
        """The loss of a batch of B playlists.

        Args:
            queries: float32 [B, d], already divided by the temperature.
            candidates: vectors of the N tracks.
            cut: what the playlists show and withhold.

        Returns:
            float32 scalar, the mean over playlists with targets.
        """
        if not self.sampled:
            return full_softmax_loss(queries, candidates.all_tracks(), cut.seeds, cut.targets)
        # Ids are by falling frequency, so this draws tracks about as often as playlists hold them.
        ids, _, expected = tf.random.log_uniform_candidate_sampler(
            true_classes=tf.zeros([1, 1], tf.int64),
            num_true=1,
            num_sampled=self._negatives,
            unique=True,
            range_max=self._num_tracks,
            seed=self._seed,
        )
        return sampled_softmax_loss(
            queries,
            Sample(ids, candidates(ids), expected),
            candidates(cut.targets.flat_values),
            cut.seeds,
            cut.targets,
        )


class TwoTower(tfrs.Model):
    """Query tower, candidate tower and loss."""

    def __init__(self, start: Start, data: TrainingData, params: Params, seed: int):
        """Puts the parts together.

        Args:
            start: tables of vectors to start from.
            data: whose catalogue is recommended from.
            params: hyperparameters.
            seed: of the sampled loss.
        """
        super().__init__()
        artist_ids = data.catalogue.artist_ids
        self.named_artists = None
        if params.named_artists.used and data.num_artists:
            self.named_artists = NamedArtists(data, params.named_artists)
        self.query_tower = QueryTower(start, params, self.named_artists)
        self.candidate_tower = CandidateTower(start, artist_ids, params)
        self.task = CatalogueSoftmax(len(data.catalogue), params, seed)
        self._artist_ids = tf.Variable(artist_ids, trainable=False, name="catalogue_artist_ids")
        self.temperature = tf.Variable(params.temperature or 1.0, trainable=False, dtype=tf.float32)

    def query(self, track_ids: tf.RaggedTensor, title_ngram_ids: tf.RaggedTensor) -> Query:
        """A query of known tracks, whose artists the catalogue knows.

        What its title names is left out: how likely that is was counted on these playlists.
        """
        artists = tf.gather(self._artist_ids, track_ids.flat_values)
        artist_ids = keep(track_ids.with_flat_values(artists), artists >= 0)
        nothing = track_ids.with_flat_values(tf.zeros_like(track_ids.flat_values))
        mentions = keep(nothing, nothing.flat_values > 0)
        return Query.of_playlists(track_ids, artist_ids, title_ngram_ids, mentions)

    # No `if` or loop here depends on a tensor, and looking for one takes longer than tracing.
    @tf.autograph.experimental.do_not_convert
    def train_step(self, inputs: Cut) -> dict[str, tf.Tensor]:
        """A step of gradient descent; called by Keras."""
        return super().train_step(inputs)

    def compute_loss(self, inputs: Cut, training: bool = False) -> tf.Tensor:
        """The loss of one batch; called by `tfrs.Model` in training."""
        del training
        cut = Cut(*inputs)
        queries = self.query_tower(self.query(cut.seeds, cut.title_ngram_ids))
        loss = self.task.call(queries / self.temperature, self.candidate_tower, cut)
        # Keras sums the gradients of several GPUs, which share a batch.
        return loss / tf.distribute.get_strategy().num_replicas_in_sync

    def find_temperature(self, cut: Cut) -> float:
        """Sets the temperature, of some between 1 and 1/128, at which a batch's loss is lowest."""

        # Outside a graph, the tower would solve for one playlist after another in Python.
        @tf.function(autograph=False)
        def embedded(cut: Cut) -> tf.Tensor:
            return self.query_tower(self.query(cut.seeds, cut.title_ngram_ids))

        queries = embedded(cut)

        @tf.function(autograph=False)
        def loss(temperature: tf.Tensor) -> tf.Tensor:
            return self.task.call(queries / temperature, self.candidate_tower, cut)

        losses = [float(loss(tf.constant(value, tf.float32))) for value in _TEMPERATURES]
        best = float(_TEMPERATURES[int(np.argmin(losses))])
        self.temperature.assign(best)
        return best
