"""ALS as a family: a playlist's vector is solved for in the graph, from its seeds alone."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
import scipy.sparse
import tensorflow as tf

from models.contract import DotProductScorer, Fit, Query, TrainingData
from models.families.als.params import Params
from models.families.shared.als import als
from models.families.shared.title_prior import TitlePrior
from models.warm_start import Start, carry

# Tracks that a title's n-gram keeps in the title prior.
_TITLE_TRACKS: Final = 1000
# Where an exported model keeps the vectors of tracks.
_FACTORS: Final = ("_scorer", "_factors")


class AlsScorer(DotProductScorer):
    """Scores x . y_t, where x solves the normal equations of a new playlist with seeds S.

    (Y'Y + lambda I + (alpha - 1) sum_{s in S} y_s y_s') x = alpha sum_{s in S} y_s

    which is one ALS step for that playlist. Without known seeds x is zero, and the title decides.
    """

    def __init__(self, factors: np.ndarray, params: Params, title_prior: TitlePrior | None = None):
        """Takes over the vectors of tracks.

        Args:
            factors: float32 [N, d], Y.
            params: what Y was fitted with.
            title_prior: answers queries without known seeds.
        """
        super().__init__(name="als")
        self.uses_title = title_prior is not None
        self._alpha = params.alpha
        # One track a column: a few queries times this is several times quicker than transposed.
        self._factors = tf.Variable(factors.T, trainable=False, name="factors")
        exact = factors.astype(np.float64)
        gram = exact.T @ exact + params.regularization * np.eye(factors.shape[1])
        self._gram = tf.Variable(gram.astype(np.float32), trainable=False, name="gram")
        self._title_prior = title_prior

    def query_vectors(self, track_ids: tf.RaggedTensor) -> tf.Tensor:
        """Solves for the vectors of playlists.

        Args:
            track_ids: int64 ragged [B, (S)], without repeats.

        Returns:
            float32 [B, d], zero where there are no seeds.
        """
        # For all at once: a track's vector lies scattered over the rows of the factors.
        seeds = tf.gather(self._factors, track_ids.flat_values, axis=1)
        splits = track_ids.row_splits
        # Query by query, as each has its own number of seeds.
        return tf.map_fn(
            lambda ends: self._query_vector(seeds[:, ends[0] : ends[1]]),
            tf.stack([splits[:-1], splits[1:]], axis=1),
            fn_output_signature=tf.TensorSpec([self._factors.shape[0]], tf.float32),
        )

    def _query_vector(self, seeds: tf.Tensor) -> tf.Tensor:
        """Solves for one playlist, from the vectors of its seeds, [d, S]."""
        system = self._gram + (self._alpha - 1.0) * tf.matmul(seeds, seeds, transpose_b=True)
        right = self._alpha * tf.reduce_sum(seeds, axis=1)
        return tf.linalg.cholesky_solve(tf.linalg.cholesky(system), right[:, tf.newaxis])[:, 0]

    def candidate_embeddings(self) -> tf.Tensor:
        """See `DotProductScorer`."""
        return tf.transpose(self._factors)

    def track_vectors(self, ids: tf.Tensor) -> tf.Tensor:
        """See `DotProductScorer`."""
        return tf.transpose(tf.gather(self._factors, ids, axis=1))

    def query_embedding(self, query: Query) -> tf.Tensor:
        """See `DotProductScorer`."""
        return self.query_vectors(query.track_ids)

    def is_dot_product(self, query: Query) -> tf.Tensor:
        """All queries but those that the title prior answers."""
        if self._title_prior is None:
            return super().is_dot_product(query)
        return (query.track_ids.row_lengths() > 0) | (query.title_ngram_ids.row_lengths() == 0)

    def score(self, query: Query) -> tf.Tensor:
        """See `Scorer`."""
        scores = tf.matmul(self.query_vectors(query.track_ids), self._factors)
        return scores if self._title_prior is None else self._title_prior.add_to(scores, query)


def fit(data: TrainingData, params: Params, seed: int, workdir: str) -> Fit:
    """Factorises train's playlists. Nothing is to choose, so `data.stop` is not read."""
    del workdir
    return _fit(data, params, seed, data.train.track_ids.to_csr(len(data.catalogue)))


def fit_from(data: TrainingData, params: Params, seed: int, workdir: str, start: Start) -> Fit:
    """Factorises train's playlists from the vectors that a served ALS model has of their tracks.

    Args:
        data: to train on.
        params: hyperparameters; `warm_iterations` rounds are run, and no more than `iterations`.
        seed: of what is random.
        workdir: not used.
        start: the served model.

    Raises:
        MisfitError: if its vectors are of another length.
    """
    del workdir
    served = start.served.vectors(_FACTORS, start.served.tracks, params.factors, transposed=True)
    matrix = data.train.track_ids.to_csr(len(data.catalogue))
    catalogue = data.catalogue
    carried = carry(
        served, start.tracks, matrix, (catalogue.artist_ids, catalogue.album_ids), seed=seed
    )
    fitted = _fit(data, params, seed, matrix, carried.table)
    return dataclasses.replace(fitted, growth={"tracks": carried.growth})


def _fit(
    data: TrainingData,
    params: Params,
    seed: int,
    matrix: scipy.sparse.csr_matrix,
    start: np.ndarray | None = None,
) -> Fit:
    num_tracks = len(data.catalogue)
    _, factors = als(
        matrix,
        factors=params.factors,
        regularization=params.regularization,
        alpha=params.alpha,
        iterations=params.iterations
        if start is None
        else min(params.warm_iterations, params.iterations),
        seed=seed,
        start=start,
    )
    prior = None
    if params.title_fallback:
        prior = TitlePrior(data.train, data.num_title_ngrams, num_tracks, _TITLE_TRACKS)
    return Fit(AlsScorer(factors, params, prior))
