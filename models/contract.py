"""The contract between a model family and everything around it.

A family turns `TrainingData` into a `Scorer`; training, export, serving and evaluation are shared.
"""

from __future__ import annotations

import abc
import dataclasses
from typing import Any, NamedTuple

import tensorflow as tf

from models.data import Catalogue, HeldOutPlaylists, Playlists, Query, Ragged, TrainingData
from models.rows import row_ids
from schema.model_card import VocabularyGrowth

__all__ = [
    "Additions",
    "Catalogue",
    "DotProductScorer",
    "Fit",
    "HeldOutPlaylists",
    "Playlists",
    "Query",
    "Ragged",
    "Ranker",
    "Scorer",
    "TrainingData",
]


class Scorer(tf.Module, abc.ABC):
    """Scores every track of the catalogue for a batch of queries, in stock TensorFlow ops."""

    #: Whether a title alone says something; otherwise such a query is answered with popular tracks.
    uses_title: bool = False
    #: Whether the artists of unknown seeds alone say something; otherwise the same.
    uses_artists: bool = False

    @abc.abstractmethod
    def score(self, query: Query) -> tf.Tensor:
        """Returns float32 [B, N] scores, N the catalogue's size; any scale, higher is better.

        Seeds need not be masked: the caller does it. A query without any signal may score as it
        likes: the caller answers it with popular tracks.
        """

    def has_signal(self, query: Query) -> tf.Tensor:
        """Which queries say something that the scorer uses: bool [B]."""
        signal = query.track_ids.row_lengths() > 0
        if self.uses_title:
            signal |= query.title_ngram_ids.row_lengths() > 0
        if self.uses_artists:
            signal |= query.artist_ids.row_lengths() > 0
        return signal


class Additions(NamedTuple):
    """What is added to the dot products of a few tracks, for B queries.

    Attributes:
        ids: int32 ragged [B, (E)], tracks, none twice in a row.
        values: float32 ragged [B, (E)], what is added, not below 0.
    """

    ids: tf.RaggedTensor
    values: tf.RaggedTensor


class DotProductScorer(Scorer):
    """A scorer whose scores are dot products of two vectors, so that an index can search them.

    It may add something to those of a few tracks.
    """

    @abc.abstractmethod
    def candidate_embeddings(self) -> tf.Tensor:
        """float32 [N, d], by track id."""

    @abc.abstractmethod
    def query_embedding(self, query: Query) -> tf.Tensor:
        """float32 [B, d]; times the transposed `candidate_embeddings` it gives scores."""

    def track_vectors(self, ids: tf.Tensor) -> tf.Tensor:
        """The vectors of a few tracks: float32 [n, d] of int64 [n]."""
        return tf.gather(self.candidate_embeddings(), ids)

    def additions(self, query: Query) -> Additions | None:
        """What is added to the products of a few tracks; None where that is never done."""
        del query
        return None

    def products(self, vectors: tf.Tensor, ids: tf.RaggedTensor) -> tf.RaggedTensor:
        """Dot products of vectors [B, d] with those of a few tracks each, int32 ragged [B, (E)]."""
        owners = tf.gather(vectors, row_ids(ids))
        tracks = self.track_vectors(ids.flat_values)
        return ids.with_flat_values(tf.reduce_sum(owners * tracks, axis=1))

    def is_dot_product(self, query: Query) -> tf.Tensor:
        """Which queries are scored by vectors and `additions`: bool [B]; others need `score`."""
        return tf.fill([query.track_ids.nrows()], True)


class Ranker(tf.Module, abc.ABC):
    """A second stage: scores again the candidates that a scorer, or an index of it, found best."""

    #: How many candidates it wants, where the catalogue has so many.
    depth: int

    @abc.abstractmethod
    def rank(self, query: Query, scores: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
        """Scores candidates.

        Args:
            query: B playlists.
            scores: float32 [B, L], the first stage's, best first; -inf where there is no candidate.
            ids: int32 [B, L], their tracks.

        Returns:
            float32 [B, L]; -inf where there is no candidate. The others of a
            batch change a playlist's scores by no more than rounding.
        """


@dataclasses.dataclass
class Fit:
    """What training gives.

    Attributes:
        scorer: of all tracks.
        history: a row of numbers per step of the training curve; where the number of epochs was
            chosen, that of the training that chose it.
        ranker: of those that the scorer finds best, if there is a second stage.
        chosen: what the playlists of stop chose, by parameter's name with dots, such as
            {"epochs": 2}; empty where nothing was to choose, or nothing to choose by.
        growth: how vectors came about where training started from a served model, by what they
            are of; empty where it started from scratch.
    """

    scorer: Scorer
    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    ranker: Ranker | None = None
    chosen: dict[str, int] = dataclasses.field(default_factory=dict)
    growth: dict[str, VocabularyGrowth] = dataclasses.field(default_factory=dict)
