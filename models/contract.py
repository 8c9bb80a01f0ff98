"""The contract between a model family and everything around it.

A family turns `TrainingData` into a `Scorer`; training, export, serving and evaluation are shared.
"""

from __future__ import annotations

import abc
import dataclasses
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf


class Query(NamedTuple):
    """A batch of B playlists to continue, as a scorer sees it.

    Attributes:
        track_ids: int64 ragged [B, (S)], the seeds that the catalogue knows: in playlist order,
            without repeats.
        artist_ids: int64 ragged [B, (T)], the known artist of every seed. Known tracks take it
            from the catalogue; of unknown tracks it comes from the request, where that names it.
        title_ngram_ids: int64 ragged [B, (G)], known character n-grams of the normalised title.
    """

    track_ids: tf.RaggedTensor
    artist_ids: tf.RaggedTensor
    title_ngram_ids: tf.RaggedTensor


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


class DotProductScorer(Scorer):
    """A scorer whose scores are dot products of two vectors, so that an index can search them."""

    @abc.abstractmethod
    def candidate_embeddings(self) -> tf.Tensor:
        """float32 [N, d], by track id."""

    @abc.abstractmethod
    def query_embedding(self, query: Query) -> tf.Tensor:
        """float32 [B, d]; times the transposed `candidate_embeddings` it gives scores."""

    def is_dot_product(self, query: Query) -> tf.Tensor:
        """Which queries are scored by their vectors alone: bool [B]. The others need `score`."""
        return tf.fill([query.track_ids.nrows()], True)


class Ranker(tf.Module, abc.ABC):
    """A second stage: scores anew the candidates that a scorer, or an index of it, found best."""

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


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """The N tracks of train, by track id (0 is the most frequent).

    Attributes:
        track_uris: bytes [N].
        track_names: bytes [N], b"" where unknown.
        artist_names: bytes [N], b"" where unknown.
        artist_ids: int64 [N], -1 where unknown.
        album_ids: int64 [N], -1 where unknown.
        counts: int64 [N], how often train's playlists hold the track.
    """

    track_uris: np.ndarray
    track_names: np.ndarray
    artist_names: np.ndarray
    artist_ids: np.ndarray
    album_ids: np.ndarray
    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.track_uris)


@dataclasses.dataclass(frozen=True)
class Ragged:
    """Rows of ids: row i is `values[splits[i]:splits[i + 1]]`."""

    values: np.ndarray
    splits: np.ndarray

    def __len__(self) -> int:
        return len(self.splits) - 1

    def row(self, index: int) -> np.ndarray:
        """The ids of one row."""
        return self.values[self.splits[index] : self.splits[index + 1]]


@dataclasses.dataclass(frozen=True)
class Playlists:
    """Playlists as ids: tracks without repeats, in playlist order.

    Attributes:
        track_ids: int32 rows, known tracks only.
        title_ngram_ids: int32 rows.
        targets: int32 rows of withheld known tracks, held-out playlists only.
        num_targets: int32 [P], all withheld tracks, the unknown included.
        scenarios: str [P], held-out playlists only.
        num_followers: int64 [P], 0 where unknown; None where no playlist says.
    """

    track_ids: Ragged
    title_ngram_ids: Ragged
    targets: Ragged | None = None
    num_targets: np.ndarray | None = None
    scenarios: np.ndarray | None = None
    num_followers: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.track_ids)


@dataclasses.dataclass(frozen=True)
class TrainingData:
    """What a family learns from. `evaluation` may only stop training early, never be fitted to."""

    catalogue: Catalogue
    train: Playlists
    evaluation: Playlists
    num_artists: int
    num_albums: int
    num_title_ngrams: int


@dataclasses.dataclass
class Fit:
    """What training gives.

    Attributes:
        scorer: of all tracks.
        history: a row of numbers per step of the training curve.
        ranker: of those that the scorer finds best, if there is a second stage.
    """

    scorer: Scorer
    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    ranker: Ranker | None = None
