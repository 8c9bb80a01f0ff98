"""The listeners and tracks of a written world, as they truly are."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from sample.listeners import truth
from schema.events import Impression
from schema.tables import TRACKS_FILE


class Audience:
    """The listeners of a world, as they truly are.

    Args:
        folder: of the world, with `truth/` in it.

    Raises:
        ValueError: it holds no world.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        hidden = folder / truth.TRUTH
        self.size = truth.read_size(hidden)
        listeners = pq.read_table(
            hidden / "listeners.parquet", columns=["listener_id", "taste", "skip_rate"]
        )
        tracks = pq.read_table(hidden / "tracks.parquet", columns=["track_uri", "vector"])
        lengths = pq.read_table(folder / TRACKS_FILE, columns=["track_uri", "duration_ms"])
        self._listeners = _rows(listeners.column("listener_id"))
        self._tastes = _matrix(listeners.column("taste"))
        self._skip_rates = listeners.column("skip_rate").to_numpy()
        self._tracks = _rows(tracks.column("track_uri"))
        self._vectors = _matrix(tracks.column("vector"))
        self._lengths = dict(zip(*(column.to_pylist() for column in lengths.columns), strict=True))

    def knows(self, shown: Impression) -> bool:
        """Whether the listener is one of the world's."""
        return shown.listener_id in self._listeners

    def affinity(self, shown: list[Impression]) -> tuple[np.ndarray, np.ndarray]:
        """Affinities, NaN for unknown tracks, and the listeners' skip rates: float64 [N] each."""
        who = np.array([self._listeners[each.listener_id] for each in shown])
        what = np.array([self._tracks.get(each.track_uri, -1) for each in shown])
        product = np.einsum("nd,nd->n", self._tastes[who], self._vectors[what])
        return np.where(what < 0, np.nan, product), self._skip_rates[who]

    def track_ms(self, uri: str) -> int:
        """How long a track is."""
        return self._lengths[uri]


def _rows(column: Any) -> dict[str, int]:
    return {value: row for row, value in enumerate(column.to_pylist())}


def _matrix(column: Any) -> np.ndarray:
    vectors = column.combine_chunks()
    return np.asarray(vectors.flatten()).reshape(len(vectors), -1)
