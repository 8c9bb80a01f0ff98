"""What policies ask of tracks: arrays over the table of tracks."""

from __future__ import annotations

import datetime
import functools
import itertools
from collections.abc import Iterable
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from listening.features.catalogue import ranked
from schema.tables import TRACKS, conform

_COLUMNS: Final = (
    *("track_uri", "track_name", "artist_uri", "artist_name"),
    *("release_date", "explicit", "markets"),
)
_SCHEMA: Final = pa.schema([TRACKS.field(name) for name in _COLUMNS])
#: Of a track without a release date: it is out, and no release of any day.
_LONG_AGO: Final = np.iinfo(np.int32).min
_MARKETS: Final = 32  # whose tracks are kept at hand
_LABELS: Final = 65_536


class Tracks:
    """The table of tracks. A track is its place there, and -1 where it is not there.

    Attributes:
        uris: of tracks, a text each.
        artist: int64 [n], the number of the artist.
        artists: the URIs of artists, in their order.
        released: int32 [n], the day of the release, counted from 1970.
        clean: bool [n], of which it is known that they are not explicit.
    """

    def __init__(self, table: pa.Table) -> None:
        """Takes what it needs.

        Args:
            table: in the columns of TRACKS that are read.
        """
        self.uris = table.column("track_uri").combine_chunks()
        self.artist, self.artists = ranked(table.column("artist_uri"))
        dates = table.column("release_date").combine_chunks().cast(pa.int32())
        self.released = np.asarray(pc.fill_null(dates, int(_LONG_AGO)))
        explicit = table.column("explicit").combine_chunks()
        self.clean = ~np.asarray(pc.fill_null(explicit, True), bool)
        self._names = [
            table.column(name).combine_chunks() for name in ("track_name", "artist_name")
        ]
        self._markets = table.column("markets").combine_chunks()
        self._texts: list[str] = self.uris.to_pylist()
        self._places = {uri.encode(): place for place, uri in enumerate(self._texts)}
        self._by_artist = np.argsort(self.artist, kind="stable")
        self._artist_ends = np.searchsorted(
            self.artist[self._by_artist], np.arange(len(self.artists) + 1)
        )
        self._artist_places = {uri: n for n, uri in enumerate(self.artists.to_pylist())}
        self.playable = functools.lru_cache(maxsize=_MARKETS)(self._playable)
        self.label = functools.lru_cache(maxsize=_LABELS)(self._label)
        self.quoted = functools.lru_cache(maxsize=_LABELS)(self._quoted)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.uris)

    @classmethod
    def read(cls, path: str) -> Tracks:
        """Reads the table.

        Raises:
            ValueError: it lacks a column, or is no Parquet.
            OSError: it cannot be read.
        """
        there = cls.check(path)
        return cls(conform(pq.read_table(path, columns=there), _SCHEMA))

    @staticmethod
    def check(path: str) -> list[str]:
        """Names the columns of the table that are read, and reads no row.

        Raises:
            ValueError: it lacks a column, or is no Parquet.
            OSError: it cannot be read.
        """
        try:
            found = pq.read_schema(path)
        except pa.ArrowInvalid as error:
            raise ValueError(f"{path} is no table of tracks: {error}") from error
        there = [name for name in _COLUMNS if name in found.names]
        conform(pa.schema([found.field(name) for name in there]).empty_table(), _SCHEMA)
        return there

    def places(self, uris: Iterable[bytes]) -> np.ndarray:
        """The places of tracks: int64, -1 where one is not there."""
        return np.array(list(map(self._places.get, uris, itertools.repeat(-1))), np.int64)

    def look_up(self, uris: pa.Array) -> np.ndarray:
        """As `places`, of texts in Arrow."""
        return np.asarray(pc.fill_null(pc.index_in(uris, self.uris), -1), np.int64)

    def artist_numbers(self, uris: Iterable[str]) -> np.ndarray:
        """The numbers of artists that have a track here: int64, the others are left out."""
        get = self._artist_places.get
        return np.array([n for n in map(get, uris) if n is not None], np.int64)

    def of_artists(self, numbers: Iterable[int]) -> np.ndarray:
        """The tracks of artists: int64."""
        ends = self._artist_ends
        parts = [self._by_artist[ends[n] : ends[n + 1]] for n in numbers]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def out_by(self, day: datetime.date) -> np.ndarray:
        """Those that have been released by the end of a day: bool [n]."""
        return self.released <= _number(day)

    def ages(self, day: datetime.date) -> np.ndarray:
        """How many days before a day they were released: int64 [n]."""
        return _number(day) - self.released.astype(np.int64)

    def released_within(self, day: datetime.date, days: int) -> np.ndarray:
        """Those that were released on a day or in so many days before it: int64, newest first."""
        age = self.ages(day)
        found = np.flatnonzero((age >= 0) & (age <= days))
        return found[np.lexsort((found, age[found]))]

    def texts(self, places: Iterable[int]) -> list[str]:
        """The URIs of tracks."""
        return [self._texts[place] for place in places]

    def _playable(self, market: str) -> np.ndarray:
        """Those of which it is known that they may be played in a market: bool [n]."""
        flat = pc.equal(pc.list_flatten(self._markets), market)
        rows = np.asarray(pc.list_parent_indices(self._markets), np.int64)
        found = np.zeros(len(self), bool)
        found[rows[np.asarray(pc.fill_null(flat, False), bool)]] = True
        return found

    def _label(self, place: int) -> tuple[str, str]:
        """The names of a track and of its artist."""
        name, artist = (names[place].as_py() for names in self._names)
        return name, artist

    def _quoted(self, place: int) -> str:
        """A track as a sentence names it."""
        name, artist = self.label(place)
        return f"“{name}” by {artist}"


def _number(day: datetime.date) -> int:
    return (day - datetime.date(1970, 1, 1)).days
