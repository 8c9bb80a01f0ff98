"""Turns titles and track URIs into the ids that a scorer reads, inside the exported graph."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from models.contract import Query
from models.data import Vocabularies
from models.export.histories import Listeners, first_of_each
from models.rows import beside, grouped, keep, places_of, row_ids
from models.transform import titles
from models.transform.mentions import mention_ids

_UNKNOWN = -1


class QueryBuilder(tf.Module):
    """Looks tracks, artists and title n-grams up in the vocabularies of train."""

    def __init__(self, vocabularies: Vocabularies, artist_ids: np.ndarray, directory: str):
        """Writes the vocabularies as files, which become assets of the SavedModel.

        Args:
            vocabularies: of train.
            artist_ids: int64 [N], the catalogue's.
            directory: where the files go; it must live until the model is saved.
        """
        super().__init__(name="query_builder")
        self._tracks = _table(vocabularies.tracks, os.path.join(directory, "tracks.txt"))
        self._artists = _table(vocabularies.artists, os.path.join(directory, "artists.txt"))
        self._ngrams = _table(
            vocabularies.title_ngrams, os.path.join(directory, "title_ngrams.txt")
        )
        self._artist_names = _name_table(
            vocabularies.artist_names, os.path.join(directory, "artist_names.txt")
        )
        # One more for unknown tracks, at the end.
        with_unknown = np.append(artist_ids, _UNKNOWN).astype(np.int64)
        self._artist_ids = tf.Variable(with_unknown, trainable=False, name="artist_ids")

    def track_ids(self, uris: tf.Tensor) -> tf.Tensor:
        """Looks URIs up: int64 of the same shape, -1 where unknown."""
        return self._tracks.lookup(uris)

    def build(
        self,
        names: tf.Tensor,
        track_uris: tf.RaggedTensor,
        artist_keys: tf.RaggedTensor | None = None,
        listeners: Listeners | None = None,
    ) -> Query:
        """Builds a batch of queries.

        Args:
            names: string [B], titles as users wrote them.
            track_uris: string ragged [B, (S)], seeds; empty strings are dropped, and repeats but
                for histories, which they tell plays of.
            artist_keys: string ragged [B, (S)], the URI or name of each seed's artist, "" where
                unknown; only that of unknown tracks is used.
            listeners: what is known of who listens, and what is not to be recommended.

        Returns:
            The queries.
        """
        rows = track_uris.nrows()
        listeners = Listeners.none(rows) if listeners is None else listeners
        # Which of the values are looked up: no padding, and of each playlist's no track twice.
        places = places_of(tf.not_equal(track_uris.flat_values, ""))
        owners = tf.gather(row_ids(track_uris), places)
        uris = tf.gather(track_uris.flat_values, places)
        keys = tf.strings.join([tf.strings.as_string(owners), uris], separator=" ")
        unique, group = tf.unique(keys)
        count, at = tf.size(unique), tf.range(tf.size(keys))
        first = tf.math.unsorted_segment_min(at, group, count)
        last = tf.math.unsorted_segment_max(at, group, count)
        is_history = tf.gather(listeners.is_history, tf.gather(owners, first))
        chosen = tf.where(is_history, last, first)
        ones = tf.ones_like(group, tf.int64)
        plays = tf.where(is_history, tf.math.unsorted_segment_sum(ones, group, count), 1)
        order = tf.argsort(chosen)
        chosen, plays = tf.gather(chosen, order), tf.gather(plays, order)
        places, owners = tf.gather(places, chosen), tf.gather(owners, chosen)
        track_ids = self.track_ids(tf.gather(track_uris.flat_values, places))

        # The unknown id -1 takes the last entry, which is unknown too.
        num_tracks = tf.size(self._artist_ids, out_type=tf.int64) - 1
        artist_ids = tf.gather(
            self._artist_ids, tf.where(track_ids == _UNKNOWN, num_tracks, track_ids)
        )
        if artist_keys is not None:
            named = tf.gather(artist_keys.flat_values, places)
            artist_ids = tf.where(track_ids == _UNKNOWN, self._artists.lookup(named), artist_ids)
        known = places_of(tf.not_equal(track_ids, _UNKNOWN))
        seeds = grouped(tf.gather(track_ids, known), tf.gather(owners, known), rows)
        normalized = titles.normalized(names)
        ngrams = titles.title_ngrams(normalized)
        ngram_ids = ngrams.with_flat_values(self._ngrams.lookup(ngrams.flat_values))
        return Query(
            seeds,
            _known(artist_ids, owners, rows),
            keep(ngram_ids, tf.not_equal(ngram_ids.flat_values, _UNKNOWN)),
            mention_ids(normalized, self._artist_names.lookup),
            seeds.with_flat_values(tf.gather(plays, known)),
            listeners.features,
            self._hidden(seeds, listeners.excluded),
        )

    def _hidden(self, seeds: tf.RaggedTensor, excluded: tf.RaggedTensor) -> tf.RaggedTensor:
        """The seeds and what is excluded beside them, int64 ragged [B, (H)], without repeats."""
        ids = excluded.with_flat_values(self.track_ids(excluded.flat_values))
        ids = beside(seeds, keep(ids, tf.not_equal(ids.flat_values, _UNKNOWN)))
        # A number for each row and id: there are fewer than 2^32 of either.
        owners = row_ids(ids)
        chosen = first_of_each(ids.flat_values + owners * tf.constant(1 << 32, tf.int64))
        owners = tf.gather(owners, chosen)
        return grouped(tf.gather(ids.flat_values, chosen), owners, seeds.nrows())


def _known(ids: tf.Tensor, owners: tf.Tensor, rows: tf.Tensor) -> tf.RaggedTensor:
    """Groups ids by the row that owns them, without the unknown ones."""
    places = places_of(tf.not_equal(ids, _UNKNOWN))
    return grouped(tf.gather(ids, places), tf.gather(owners, places), rows)


def _table(values: Sequence[bytes], path: str) -> tf.lookup.StaticHashTable:
    if not values:
        return _no_table()
    with open(path, "wb") as handle:
        handle.writelines(value + b"\n" for value in values)
    whole_line, line_number = (
        tf.lookup.TextFileIndex.WHOLE_LINE,
        tf.lookup.TextFileIndex.LINE_NUMBER,
    )
    initializer = tf.lookup.TextFileInitializer(path, tf.string, whole_line, tf.int64, line_number)
    return tf.lookup.StaticHashTable(initializer, _UNKNOWN)


def _name_table(names: Sequence[bytes], path: str) -> tf.lookup.StaticHashTable:
    """The id of each name but b""; normalised names hold no tabs."""
    lines = [b"%s\t%d\n" % (name, index) for index, name in enumerate(names) if name]
    if not lines:
        return _no_table()
    with open(path, "wb") as handle:
        handle.writelines(lines)
    initializer = tf.lookup.TextFileInitializer(path, tf.string, 0, tf.int64, 1, delimiter="\t")
    return tf.lookup.StaticHashTable(initializer, _UNKNOWN)


def _no_table() -> tf.lookup.StaticHashTable:
    """One that knows nothing: TensorFlow has no empty tables."""
    unknown = tf.constant([_UNKNOWN], tf.int64)
    initializer = tf.lookup.KeyValueTensorInitializer(tf.constant([""]), unknown)
    return tf.lookup.StaticHashTable(initializer, _UNKNOWN)
