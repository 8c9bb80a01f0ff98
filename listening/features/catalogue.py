"""Artists and genres of tracks, looked up in the table of tracks."""

from __future__ import annotations

import functools
import os
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schema.tables import TRACKS, conform

_COLUMNS: Final = ("track_uri", "artist_uri", "genres")
_SCHEMA: Final = pa.schema([TRACKS.field(name) for name in _COLUMNS])


class TrackFacts:
    """What is known of tracks.

    Attributes:
        artists: the URIs of artists, in their order.
        genres: the names of genres, in their order.
    """

    def __init__(self, table: pa.Table) -> None:
        """Takes what it needs of the table of tracks.

        Args:
            table: with `track_uri`, `artist_uri` and `genres`.
        """
        self._uris = table.column("track_uri").combine_chunks()
        self._artist, self.artists = ranked(table.column("artist_uri"))
        # A track counts for the genre that prevails; the list begins with it.
        self._genre, self.genres = ranked(_firsts(table))

    def look_up(self, uris: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """The artist and the genre of tracks: int64 [n] each, -1 where it is not known."""
        places = np.asarray(pc.fill_null(pc.index_in(uris, self._uris), -1), np.int64)
        known = places >= 0
        artist, genre = (np.full(len(places), -1, np.int64) for _ in range(2))
        artist[known] = self._artist[places[known]]
        genre[known] = self._genre[places[known]]
        return artist, genre


def track_facts(path: str | None) -> TrackFacts:
    """Reads the table of tracks, once in a process as long as the file is the same.

    Args:
        path: None where there is no table: then nothing is known of any track.

    Raises:
        TableError: it lacks a column.
        OSError: it cannot be read.
    """
    if path is None:
        return TrackFacts(_SCHEMA.empty_table())
    found = os.stat(path)
    return _read(path, found.st_mtime_ns, found.st_size, found.st_ino)


@functools.lru_cache(maxsize=1)
def _read(path: str, *_: int) -> TrackFacts:
    there = [name for name in _COLUMNS if name in pq.read_schema(path).names]
    return TrackFacts(conform(pq.read_table(path, columns=there), _SCHEMA))


def ranked(texts: pa.ChunkedArray) -> tuple[np.ndarray, pa.Array]:
    """Numbers texts in their order, so that numbers do not depend on who came first.

    Returns:
        int64 [n], -1 for null; and the distinct texts, by number.
    """
    encoded = texts.combine_chunks().dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    rank = np.empty(len(order), np.int64)
    rank[np.asarray(order)] = np.arange(len(order))
    codes = np.asarray(pc.fill_null(encoded.indices, -1), np.int64)
    found = np.full(len(codes), -1, np.int64)
    found[codes >= 0] = rank[codes[codes >= 0]]
    return found, encoded.dictionary.take(order)


def _firsts(table: pa.Table) -> pa.ChunkedArray:
    """The first of each list, null where there is none."""
    lists = table.column("genres").combine_chunks()
    lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0), np.int64)
    values = pc.list_flatten(lists)
    starts = np.cumsum(lengths) - lengths
    places = pa.array(np.where(lengths > 0, starts, 0), mask=lengths == 0)
    return pa.chunked_array([values.take(places)], pa.string())
