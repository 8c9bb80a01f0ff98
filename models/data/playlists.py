"""Playlists as ids: what a family learns from, and what it is asked about."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import tensorflow as tf

from models.data.data_end import DataEnd
from models.data.ragged import Ragged

_Rows = TypeVar("_Rows", bound="_Columns")


class Query(NamedTuple):
    """A batch of B playlists to continue, as a scorer sees it.

    Attributes:
        track_ids: int64 ragged [B, (S)], the seeds that the catalogue knows: in playlist order,
            without repeats.
        artist_ids: int64 ragged [B, (T)], the known artist of every seed. Known tracks take it
            from the catalogue; of unknown tracks it comes from the request, where that names it.
        title_ngram_ids: int64 ragged [B, (G)], known character n-grams of the normalised title.
        mention_ids: int64 ragged [B, (M)], the artists that the title names, without repeats: 2a
            where the name of artist a is a part of the title, 2a + 1 where it is all of it.
        plays: int64 ragged [B, (S)], how often each seed was heard: 1 in playlists.
        listener_features: float32 ragged [B, (F)], in the order of `schema.features`'
            LISTENER_COLUMNS, NaN where one is not known; no values where none is, as of playlists.
        hidden_ids: int64 ragged [B, (H)], tracks that are not to be recommended, without repeats:
            the seeds, and whatever else was excluded.
    """

    track_ids: tf.RaggedTensor
    artist_ids: tf.RaggedTensor
    title_ngram_ids: tf.RaggedTensor
    mention_ids: tf.RaggedTensor
    plays: tf.RaggedTensor
    listener_features: tf.RaggedTensor
    hidden_ids: tf.RaggedTensor

    @classmethod
    def of_playlists(
        cls,
        track_ids: tf.RaggedTensor,
        artist_ids: tf.RaggedTensor,
        title_ngram_ids: tf.RaggedTensor,
        mention_ids: tf.RaggedTensor,
    ) -> Query:
        """A query of playlists: nothing is known of who listens, and the seeds are hidden."""
        once = track_ids.with_flat_values(tf.ones_like(track_ids.flat_values))
        unknown = tf.RaggedTensor.from_row_splits(
            tf.zeros([0], tf.float32), tf.zeros_like(track_ids.row_splits), validate=False
        )
        parts = (track_ids, artist_ids, title_ngram_ids, mention_ids)
        return cls(*parts, once, unknown, track_ids)

    @classmethod
    def spec(cls, rows: int | None = None) -> Query:
        """What `tf.function` is told of a query of so many rows, or of any number."""

        def ragged(dtype: tf.DType) -> tf.RaggedTensorSpec:
            return tf.RaggedTensorSpec(
                [rows, None], dtype, ragged_rank=1, row_splits_dtype=tf.int64
            )

        ids = ragged(tf.int64)
        return cls(ids, ids, ids, ids, ids, ragged(tf.float32), ids)


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """The N tracks that are learnt from, by track id (0 is the most frequent).

    Attributes:
        track_uris: bytes [N].
        track_names: bytes [N], b"" where unknown.
        artist_names: bytes [N], b"" where unknown.
        artist_ids: int64 [N], -1 where unknown.
        album_ids: int64 [N], -1 where unknown.
        counts: int64 [N], how many of the playlists that are learnt from hold the track.
    """

    track_uris: np.ndarray
    track_names: np.ndarray
    artist_names: np.ndarray
    artist_ids: np.ndarray
    album_ids: np.ndarray
    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.track_uris)


class _Columns:
    """Columns of equal length: a base for dataclasses whose fields are arrays or `Ragged`."""

    track_ids: Ragged

    def __len__(self) -> int:
        return len(self.track_ids)

    def select(self: _Rows, rows: np.ndarray) -> _Rows:
        """Some playlists, int [n], in the order given."""

        def part(values: Ragged | np.ndarray | None) -> Ragged | np.ndarray | None:
            if isinstance(values, Ragged):
                return values.select(rows)
            return None if values is None else values[rows]

        return type(self)(**{name: part(values) for name, values in _fields(self).items()})


@dataclasses.dataclass(frozen=True)
class Playlists(_Columns):
    """P playlists to learn from: tracks without repeats, in playlist order.

    Attributes:
        track_ids: int32 rows, known tracks only.
        title_ngram_ids: int32 rows.
        mention_ids: int32 rows, the artists that the title names, as a `Query` has them.
        num_followers: int64 [P], 0 where unknown; None where no playlist says.
        plays: int32 rows, how often each track was heard, 1 in playlists; None where nobody is a
            listener, whose tracks are in the order of their last play.
        listener_features: float32 [P, F] as of a `Query`, NaN for playlists; None as `plays`.
    """

    track_ids: Ragged
    title_ngram_ids: Ragged
    mention_ids: Ragged
    num_followers: np.ndarray | None = None
    plays: Ragged | None = None
    listener_features: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class HeldOutPlaylists(_Columns):
    """P playlists to continue, and the answers.

    Attributes:
        track_ids: int32 rows, the known seeds.
        artist_ids: int32 rows, the known artist of every seed; also of a seed that is unknown
            itself, where the source says.
        title_ngram_ids: int32 rows.
        mention_ids: int32 rows, the artists that the title names, as a `Query` has them.
        targets: int32 rows of withheld known tracks.
        num_targets: int32 [P], all withheld tracks, the unknown included.
        scenarios: str [P].
        plays: int32 rows, of the seeds, and
        listener_features: float32 [P, F], as of `Playlists`; None where nobody is a listener.
    """

    track_ids: Ragged
    artist_ids: Ragged
    title_ngram_ids: Ragged
    mention_ids: Ragged
    targets: Ragged
    num_targets: np.ndarray
    scenarios: np.ndarray
    plays: Ragged | None = None
    listener_features: np.ndarray | None = None

    @classmethod
    def concatenate(cls, parts: Sequence[HeldOutPlaylists]) -> HeldOutPlaylists:
        """Puts the playlists of one or more one after another."""

        def joined(values: Sequence[Any]) -> Any:
            if values[0] is None:
                return None
            return (Ragged if isinstance(values[0], Ragged) else np).concatenate(values)

        names = [field.name for field in dataclasses.fields(cls)]
        return cls(**{name: joined([getattr(part, name) for part in parts]) for name in names})

    def query(self) -> Query:
        """What a scorer sees of them."""
        parts = (self.track_ids, self.artist_ids, self.title_ngram_ids, self.mention_ids)
        query = Query.of_playlists(*(part.to_tensor() for part in parts))
        if self.plays is not None:
            query = query._replace(plays=self.plays.to_tensor())
        if self.listener_features is not None:
            told = tf.RaggedTensor.from_tensor(self.listener_features, row_splits_dtype=tf.int64)
            query = query._replace(listener_features=told)
        return query

    def with_targets(self) -> HeldOutPlaylists:
        """Those from which something was withheld."""
        return self.select(np.flatnonzero(self.num_targets))

    def hits(self, found: np.ndarray, start: int = 0) -> np.ndarray:
        """Which recommended tracks were withheld.

        Args:
            found: int [n, K], ids of tracks for n playlists.
            start: the first of these playlists.

        Returns:
            bool [n, K].
        """
        rows = [np.isin(ids, self.targets.row(row)) for row, ids in enumerate(found, start)]
        return np.stack(rows) if rows else np.zeros(found.shape, bool)


@dataclasses.dataclass(frozen=True)
class TrainingData:
    """What a family learns from: playlists of the splits train and stop, never of another.

    A family that chooses how long to train does so on the playlists of stop, with a model that has
    not seen them (`models.data.holding_out.set_aside`); then it is fitted to all, as a family is
    that has nothing to choose.

    Attributes:
        catalogue: the tracks of all playlists.
        train: P playlists, those of stop included.
        num_artists: how many artists there are.
        num_albums: how many albums there are.
        num_title_ngrams: how many n-grams of titles there are.
        stop: int64 [S], the rows of `train` that are of the split stop; there may be none.
        trend: float64 [N], how often tracks were heard of late, by the side table; None without.
        end: until when the playlists go.
    """

    catalogue: Catalogue
    train: Playlists
    num_artists: int
    num_albums: int
    num_title_ngrams: int
    stop: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.int64))
    trend: np.ndarray | None = None
    end: DataEnd = dataclasses.field(default_factory=DataEnd)

    def fingerprint(self) -> str:
        """A digest of all of it, by which a checkpoint knows whether it is of the same data."""
        digest = hashlib.sha256()
        _update(digest, self)
        return digest.hexdigest()


def _fields(of: Any) -> dict[str, Any]:
    return {field.name: getattr(of, field.name) for field in dataclasses.fields(of)}


def _update(digest: hashlib._Hash, value: Any) -> None:
    """Digests every field with its name, so that none is forgotten when one is added."""
    if dataclasses.is_dataclass(value):
        for name, part in _fields(value).items():
            digest.update(name.encode())
            _update(digest, part)
    elif isinstance(value, np.ndarray) and value.dtype != object:
        digest.update(f"{value.dtype}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).data)
    else:
        text = repr(value.tolist() if isinstance(value, np.ndarray) else value)
        digest.update(f"{len(text)}:{text}".encode())
