"""Numbers for tracks and artists: lists of integers are compared faster than lists of names."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

#: The number of "", which is no track and no artist.
NOTHING: Final = -1

#: Tells of T track URIs how many playlists hold each, int64 [T], and its artist, bytes [T].
Describe = Callable[[Sequence[bytes]], tuple[np.ndarray, np.ndarray]]


class NumberedTracks:
    """Asks a model about each track once, as the lists of many playlists share most tracks.

    Threads may use it at the same time. It holds every distinct track: the catalogue bounds its
    memory, not the number of playlists.
    """

    def __init__(self, describe: Describe) -> None:
        """Knows nothing yet.

        Args:
            describe: asks the model.
        """
        self._describe = describe
        self._lock = threading.Lock()
        self._tracks = _Numbers()
        self._artists = _Numbers()
        # By number + 1, so that `NOTHING` comes first.
        self._playlists = np.array([0], np.int64)
        self._artist_of = np.array([NOTHING], np.int64)

    def tracks(self, uris: np.ndarray) -> np.ndarray:
        """Numbers tracks, bytes of any shape: int64 of the same shape, `NOTHING` for ""."""
        with self._lock:
            numbers = self._tracks.of(uris)
            if new := self._tracks.take_new():
                playlists, artists = self._describe(new)
                self._playlists = np.append(self._playlists, playlists)
                self._artist_of = np.append(self._artist_of, self._artists.of(artists))
        return numbers

    def artists(self, names: np.ndarray) -> np.ndarray:
        """Numbers artists, bytes of any shape: int64 of the same shape, `NOTHING` for ""."""
        with self._lock:
            return self._artists.of(names)

    def playlists(self, tracks: np.ndarray) -> np.ndarray:
        """How many playlists hold each track, by its number: int64 of the same shape."""
        return self._playlists[tracks + 1]

    def artists_of(self, tracks: np.ndarray) -> np.ndarray:
        """The number of each track's artist, by the track's number: int64 of the same shape."""
        return self._artist_of[tracks + 1]

    def artist_names(self, artists: np.ndarray) -> np.ndarray:
        """Names by number, bytes of any shape: bytes objects of the same shape."""
        with self._lock:
            names = self._artists.names
            return np.array([names[number + 1] for number in artists.flat], object).reshape(
                artists.shape
            )


class _Numbers(dict[bytes, int]):
    """Numbers values from 0 as they come."""

    def __init__(self) -> None:
        super().__init__({b"": NOTHING})
        self._new: list[bytes] = []
        #: What was numbered, by number + 1.
        self.names = [b""]

    def __missing__(self, value: bytes) -> int:
        number = self[value] = len(self) - 1
        self._new.append(value)
        self.names.append(value)
        return number

    def of(self, values: np.ndarray) -> np.ndarray:
        numbers = map(self.__getitem__, values.reshape(-1).tolist())
        return np.fromiter(numbers, np.int64, values.size).reshape(values.shape)

    def take_new(self) -> list[bytes]:
        """What was numbered since this was last called, in order."""
        new, self._new = self._new, []
        return new
