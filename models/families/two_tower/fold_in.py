"""Solves for a new playlist's vector, as ALS would have if it had seen the playlist."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from models.families.two_tower.bags import at_least_one_row
from models.families.two_tower.factorization import Factors
from models.families.two_tower.params import StartParams
from models.rows import places_of

# Rows of a table that are turned into doubles at once.
_GRAM_ROWS = 65536


class MadeUp(NamedTuple):
    """Seeds that playlists without any are given.

    Attributes:
        artist_ids: int64 [B, n], of their artists, each once.
        counts: float32 [B, n], how many seeds by each, also fractions; 0 is no artist.
        title_strength: how much the title counts beside them.
    """

    artist_ids: tf.Tensor
    counts: tf.Tensor
    title_strength: float


class FoldIn(tf.keras.layers.Layer):
    """One ALS step for a playlist with seeds S, their artists, and a title that suggests vector m.

    With H = Y'Y + lambda I over the vectors y of all N tracks and A artists, and confidences
    c = alpha w(t) in a seed t and alpha v(a) log2(1 + n) in an artist a with n seeds, w and v being
    the weights of `factorize`, and albums like artists where they were factorised, it minimises

        x'Hx + sum_s ((c_s - 1) (x.y_s)^2 - 2 c_s x.y_s) + tau (x - m)' H (x - m)

    which is ALS's own loss for the playlist, and as a prior tau times the loss of straying from
    what its title says. So a title alone gives a multiple of m, and every seed moves x away from
    it. Without seeds, the artists that the title names stand for made-up ones: n may be a fraction
    then, and tau is another number. The minimum solves

        ((1 + tau) H + sum_s (c_s - 1) y_s y_s') x = sum_s c_s y_s + tau H m

    The vectors stay as they are: only m can be trained.
    """

    def __init__(
        self,
        factors: Factors,
        params: StartParams,
        title_strength: float,
        album_ids: np.ndarray | None = None,
    ):
        """Takes over factors.

        Args:
            factors: of train's playlists.
            params: what they were fitted with.
            title_strength: tau, for playlists with seeds; those without are given their title's
                vector as it is.
            album_ids: int64 [N], the catalogue's, -1 where unknown; None where albums were not
                factorised.
        """
        super().__init__(name="fold_in", trainable=False)
        self.uses_artists = params.artist_weight > 0 and len(factors.artists) > 0
        self._title_strength = title_strength
        gram = params.regularization * np.eye(factors.tracks.shape[1])
        for table, used in (
            (factors.tracks, True),
            (factors.artists, self.uses_artists),
            (factors.albums, album_ids is not None),
        ):
            for begin in range(0, len(table) if used else 0, _GRAM_ROWS):
                exact = table[begin : begin + _GRAM_ROWS].astype(np.float64)
                gram += exact.T @ exact
        self.gram = tf.Variable(gram.astype(np.float32), trainable=False, name="gram")
        self.tracks = _constant(factors.tracks, "tracks")
        self.artists = _constant(factors.artists, "artists")
        self.track_confidences = _constant(factors.track_weights * params.alpha, "confidences")
        self.artist_confidences = _constant(
            factors.artist_weights * params.alpha, "artist_confidences"
        )
        self._albums = None
        if album_ids is not None:
            self.album_ids = tf.Variable(album_ids, trainable=False, name="album_ids")
            self._albums = (
                _constant(factors.albums, "albums"),
                _constant(factors.album_weights * params.alpha, "album_confidences"),
            )

    def call(
        self,
        track_ids: tf.RaggedTensor,
        artist_ids: tf.RaggedTensor,
        title: tf.Tensor,
        has_title: tf.Tensor,
        made_up: MadeUp | None = None,
    ) -> tf.Tensor:
        """Solves for each playlist.

        Args:
            track_ids: int64 ragged [B, (S)], seeds without repeats.
            artist_ids: int64 ragged [B, (T)], their artists, as often as they have seeds.
            title: float32 [B, d], m.
            has_title: bool [B], False where m says nothing.
            made_up: seeds of playlists that have none.

        Returns:
            float32 [B, d]: zeros without any signal, m with a title alone.
        """
        seeded = (track_ids.row_lengths() > 0) | (artist_ids.row_lengths() > 0)
        strength = tf.fill(tf.shape(seeded), tf.constant(self._title_strength, tf.float32))
        rows: list[Any] = [track_ids, artist_ids]
        if made_up is not None and self.uses_artists:
            alone = ~seeded & tf.reduce_any(made_up.counts > 0.0, axis=1)
            strength = tf.where(alone, made_up.title_strength, strength)
            counts = tf.where(alone[:, tf.newaxis], made_up.counts, 0.0)
            rows, seeded = [*rows, made_up.artist_ids, counts], seeded | alone
        title = tf.where(has_title[:, tf.newaxis], title, 0.0)
        strength = tf.where(has_title, strength, 0.0)
        # Solving costs most of all, and a request is padded with playlists that show nothing.
        places = places_of(seeded)
        systems, right = tf.map_fn(
            self._normal_equations,
            tuple(tf.gather(part, places) for part in (*rows, title, strength)),
            fn_output_signature=(
                tf.TensorSpec(self.gram.shape, tf.float32),
                tf.TensorSpec(self.gram.shape[:1], tf.float32),
            ),
        )
        # No gradient flows into the systems, and inverting them is the costly part.
        factors = tf.stop_gradient(tf.linalg.cholesky(systems))
        solved = tf.linalg.cholesky_solve(factors, right[:, :, tf.newaxis])[:, :, 0]
        return tf.tensor_scatter_nd_update(title, places[:, tf.newaxis], solved)

    def _normal_equations(self, row: tuple[tf.Tensor, ...]) -> tuple[tf.Tensor, tf.Tensor]:
        # Row by row, as each has its own number of seeds.
        track_ids, artist_ids, *made_up, title, strength = row
        seen = [(tf.gather(self.tracks, track_ids), tf.gather(self.track_confidences, track_ids))]
        if self.uses_artists:
            seen.append(_seen(artist_ids, self.artists, self.artist_confidences))
        if made_up:
            there = made_up[1] > 0.0
            ids, counts = (tf.boolean_mask(part, there) for part in made_up)
            seen.append(_weighed(ids, counts, self.artists, self.artist_confidences))
        if self._albums is not None:
            albums = tf.gather(self.album_ids, track_ids)
            seen.append(_seen(tf.boolean_mask(albums, albums >= 0), *self._albums))
        vectors = tf.concat([part[0] for part in seen], axis=0)
        confidences = tf.concat([part[1] for part in seen], axis=0)
        weighed = (confidences - 1.0)[:, tf.newaxis] * vectors
        system = tf.matmul(vectors, weighed, transpose_a=True) + (1.0 + strength) * self.gram
        right = tf.linalg.matvec(vectors, confidences, transpose_a=True)
        return system, right + strength * tf.linalg.matvec(self.gram, title)


def _seen(ids: tf.Tensor, table: tf.Variable, confidences: tf.Variable) -> tuple[tf.Tensor, ...]:
    """The vectors of artists or albums, and the confidence in each by how often it is there."""
    unique, _, counts = tf.unique_with_counts(ids)
    return _weighed(unique, tf.cast(counts, tf.float32), table, confidences)


def _weighed(
    ids: tf.Tensor, counts: tf.Tensor, table: tf.Variable, confidences: tf.Variable
) -> tuple[tf.Tensor, ...]:
    often = tf.math.log1p(counts) / np.float32(np.log(2.0))
    return tf.gather(table, ids), tf.gather(confidences, ids) * often


def _constant(table: np.ndarray, name: str) -> tf.Variable:
    return tf.Variable(at_least_one_row(table.astype(np.float32)), trainable=False, name=name)
