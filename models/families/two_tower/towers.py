"""The two towers: what makes a playlist's vector, and what makes a track's."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import tensorflow as tf

from models.contract import Query
from models.families.two_tower.bags import Bag, at_least_one_row
from models.families.two_tower.fold_in import FoldIn, MadeUp
from models.families.two_tower.named_artists import NamedArtists
from models.families.two_tower.params import Params
from models.families.two_tower.start import Start

# With bags alone, so many seeds count as much as the title.
_SEEDS_LIKE_TITLE = 0.5


class QueryTower(tf.keras.layers.Layer):
    """Embeds playlists: `FoldIn` if wanted, plus the bags of seeds, of artists and of the title."""

    def __init__(self, start: Start, params: Params, named_artists: NamedArtists | None = None):
        """Takes over where the tables start.

        Args:
            start: tables of vectors.
            params: hyperparameters; tables that are neither trained nor started are left out.
            named_artists: finds artists in titles, for `FoldIn` to make up seeds by.
        """
        super().__init__(name="query_tower")
        trained: Collection[str] = params.trained
        self._named_artists = named_artists if params.named_artists.seeds else None
        self._made_up = params.named_artists
        self._fold_in = None
        if params.fold_in:
            assert start.factors is not None
            self._fold_in = FoldIn(
                start.factors, params.start, params.title_strength, start.album_ids
            )
        self._title = Bag(start.titles, start.title_idf, "count", "titles", "titles" in trained)
        self._seeds = self._seed_artists = None
        if not params.fold_in or "seeds" in trained:
            self._seeds = Bag(start.seeds, start.seed_idf, "once", "seeds", "seeds" in trained)
        if not params.fold_in or "seed_artists" in trained:
            self._seed_artists = Bag(
                start.seed_artists,
                start.artist_idf,
                "log",
                "seed_artists",
                "seed_artists" in trained,
            )
        #: Whether artists of unknown tracks change a playlist's vector.
        self.uses_artists = self._seed_artists is not None or (
            self._fold_in is not None and self._fold_in.uses_artists
        )

    @property
    def folded_tracks(self) -> tf.Variable | None:
        """float32 [N, d], what seeds are folded in by; None where they are not."""
        return None if self._fold_in is None else self._fold_in.tracks

    def call(self, query: Query) -> tf.Tensor:
        """Embeds B playlists as float32 [B, d]; without any signal as zeros."""
        title = self._title(query.title_ngram_ids)
        if self._fold_in is not None:
            has_title = query.title_ngram_ids.row_lengths() > 0
            made_up = None
            if self._named_artists is not None:
                named = self._named_artists.find(query)
                counts = self._made_up.seeds * named.probabilities
                made_up = MadeUp(named.artist_ids, counts, self._made_up.title_strength)
            vector = self._fold_in(query.track_ids, query.artist_ids, title, has_title, made_up)
        else:
            seeds = tf.cast(query.artist_ids.row_lengths(), tf.float32)
            seeds = tf.maximum(seeds, tf.cast(query.track_ids.row_lengths(), tf.float32))
            vector = title / (1.0 + seeds / _SEEDS_LIKE_TITLE)[:, tf.newaxis]
        if self._seeds is not None:
            vector += self._seeds(query.track_ids)
        if self._seed_artists is not None:
            vector += self._seed_artists(query.artist_ids)
        return vector


class CandidateTower(tf.keras.layers.Layer):
    """Embeds tracks: each has a vector of its own, plus its artist's."""

    def __init__(self, start: Start, artist_ids: np.ndarray, params: Params):
        """Takes over where the tables start.

        Args:
            start: tables of vectors.
            artist_ids: int64 [N], the catalogue's, -1 where unknown.
            params: hyperparameters.
        """
        super().__init__(name="candidate_tower")
        self.tracks = tf.Variable(start.tracks, trainable="tracks" in params.trained, name="tracks")
        self.artists = tf.Variable(
            at_least_one_row(start.track_artists),
            trainable="track_artists" in params.trained,
            name="track_artists",
        )
        self._artist_ids = tf.Variable(artist_ids, trainable=False, name="artist_ids")

    def call(self, track_ids: tf.Tensor) -> tf.Tensor:
        """Embeds tracks int64 [n] as float32 [n, d]."""
        return self._add_artists(
            tf.gather(self.tracks, track_ids), tf.gather(self._artist_ids, track_ids)
        )

    def all_tracks(self) -> tf.Tensor:
        """Embeds the catalogue as float32 [N, d]."""
        return self._add_artists(tf.convert_to_tensor(self.tracks), self._artist_ids)

    def _add_artists(self, tracks: tf.Tensor, artist_ids: tf.Tensor) -> tf.Tensor:
        known = tf.cast(artist_ids >= 0, tf.float32)[:, tf.newaxis]
        return tracks + known * tf.gather(self.artists, tf.maximum(artist_ids, 0))
