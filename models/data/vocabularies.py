"""Reads what Transform learnt from train: the vocabularies and the catalogue of tracks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from models.data.playlists import Catalogue
from schema import features


class TransformOutput(Protocol):
    """What is used of `tft.TFTransformOutput`."""

    def transformed_feature_spec(self) -> dict[str, Any]:
        """How to parse transformed examples."""

    def vocabulary_file_by_name(self, vocab_filename: str) -> str | None:
        """Where a vocabulary lies."""


@dataclasses.dataclass(frozen=True)
class Vocabularies:
    """Values by id, most frequent first.

    Attributes:
        tracks: URIs.
        artists: URIs, or names where train has no URIs.
        title_ngrams: character n-grams of normalised titles.
        albums: URIs, or names where train has no URIs. Queries need none.
        artist_names: normalised names, by id of artist; b"" where there is none to find it by.
    """

    tracks: list[bytes]
    artists: list[bytes]
    title_ngrams: list[bytes]
    albums: list[bytes] = dataclasses.field(default_factory=list)
    artist_names: list[bytes] = dataclasses.field(default_factory=list)


def read_vocabularies(transform: TransformOutput) -> Vocabularies:
    """Reads the vocabularies that models use.

    Raises:
        ValueError: if Transform wrote none of that name.
    """
    return Vocabularies(
        tracks=list(_lines(transform, features.TRACK_VOCABULARY)),
        artists=list(_lines(transform, features.ARTIST_VOCABULARY)),
        title_ngrams=list(_lines(transform, features.TITLE_VOCABULARY)),
        albums=list(_lines(transform, features.ALBUM_VOCABULARY)),
    )


def read_catalogue(transform: TransformOutput, vocabularies: Vocabularies) -> Catalogue:
    """Puts the names, artists and albums of tracks in the order of track ids.

    Where train spells a track's names or album in several ways, the most frequent one is taken.

    Args:
        transform: Transform's output.
        vocabularies: as read from it.

    Returns:
        The catalogue of N tracks; its counts are zeros.

    Raises:
        ValueError: if Transform wrote no catalogue, or one with other columns.
    """
    ids = {uri: index for index, uri in enumerate(vocabularies.tracks)}
    artists = {key: index for index, key in enumerate(vocabularies.artists)}
    albums = {key: index for index, key in enumerate(vocabularies.albums)}
    # One bytes object for all tracks of an artist: there are several times fewer artists.
    shared: dict[bytes, bytes] = {}
    track_names = np.full(len(ids), b"", object)
    artist_names = np.full(len(ids), b"", object)
    artist_ids = np.full(len(ids), -1, np.int64)
    album_ids = np.full(len(ids), -1, np.int64)
    seen = np.zeros(len(ids), bool)
    for line in _lines(transform, features.CATALOGUE_VOCABULARY):
        columns = line.split(b"\t")
        index = ids.get(columns[0])
        if index is None or seen[index]:
            continue
        if len(columns) != 5:
            raise ValueError(f"The catalogue has {len(columns)} columns instead of 5: {line!r}")
        seen[index] = True
        track_names[index] = columns[1]
        artist_names[index] = shared.setdefault(columns[2], columns[2])
        artist_ids[index] = artists.get(columns[3], -1)
        album_ids[index] = albums.get(columns[4], -1)
    uris = np.array(vocabularies.tracks, object)
    counts = np.zeros(len(ids), np.int64)
    return Catalogue(uris, track_names, artist_names, artist_ids, album_ids, counts)


def _lines(transform: TransformOutput, name: str) -> Iterator[bytes]:
    path = transform.vocabulary_file_by_name(name)
    if path is None:
        raise ValueError(f"Transform wrote no vocabulary {name!r}.")
    with tf.io.gfile.GFile(path, "rb") as handle:
        for line in handle:
            yield line.rstrip(b"\n")
