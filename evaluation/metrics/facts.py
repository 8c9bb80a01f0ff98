"""What is known of tracks apart from who likes them, as the metrics beyond accuracy need it."""

from __future__ import annotations

import dataclasses
from functools import cached_property

import numpy as np
import pandas as pd


@dataclasses.dataclass(frozen=True)
class TrackFacts:
    """Facts about a catalogue of N tracks.

    Attributes:
        uris: ids [N], all different: bytes, str or integers.
        counts: int [N], train playlists that hold the track.
        artists: int [N], its artist, negative where unknown.
        num_playlists: playlists of train.
    """

    uris: np.ndarray
    counts: np.ndarray
    artists: np.ndarray
    num_playlists: int

    @cached_property
    def _index(self) -> pd.Index:
        return pd.Index(_hashable(self.uris))

    def look_up(self, recommended: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Popularity and artist of recommended tracks, for `Recommendations.from_ids`.

        Args:
            recommended: ids [P, K].

        Returns:
            float64 [P, K] shares of the train playlists, 0 where the track is not in the
            catalogue, and int64 [P, K] artists, -1 where unknown.
        """
        recommended = np.asarray(recommended)
        wanted = pd.Index(_hashable(recommended.reshape(-1)))
        position = self._index.get_indexer(wanted).reshape(recommended.shape)
        found = position >= 0
        if not len(self.counts):
            return np.zeros(recommended.shape), np.full(recommended.shape, -1)
        share = np.where(found, self.counts[position] / max(self.num_playlists, 1), 0.0)
        return share, np.where(found, self.artists[position], -1)


def _hashable(ids: np.ndarray) -> np.ndarray:
    """Fixed-width strings as Python objects, so that bytes stay bytes."""
    return ids.astype(object) if ids.dtype.kind in "SU" else ids
