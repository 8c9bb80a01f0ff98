"""How much of the catalogue is ever recommended."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from evaluation.metrics.base import Measure


@dataclasses.dataclass(frozen=True)
class Coverage(Measure):
    """Distinct recommended tracks over the catalogue's size: one value for all playlists."""

    name: str = "coverage"
    label: str = "Coverage"
    meaning: str = "Share of the catalogue that is ever recommended."
    short: str = "Cover"
    tested: bool = False
    is_accuracy = False
    source = "Ge, Delgado-Battenfeld and Jannach, Beyond accuracy (RecSys 2010): catalogue coverage"


class ShownTracks:
    """Counts for `Coverage` what is recommended at all.

    An accumulator that can be merged, so that workers may each see a part. It holds every distinct
    track once: the catalogue bounds its memory, not the number of playlists.
    """

    def __init__(self, depth: int | None = None) -> None:
        """Starts empty.

        Args:
            depth: recommendations of a playlist that count, all by default.
        """
        self._depth = depth
        self._seen: set[object] = set()

    def add(self, recommended: np.ndarray) -> ShownTracks:
        """Counts a batch.

        Args:
            recommended: ids [P, K] as for `Recommendations.from_ids`, padding included.
        """
        ids = pd.unique(np.asarray(recommended)[:, : self._depth].reshape(-1))
        if ids.dtype.kind in "iu":
            ids = ids[ids >= 0]
        self._seen.update(track for track in ids.tolist() if track not in {b"", "", None})
        return self

    def merge(self, other: ShownTracks) -> ShownTracks:
        """Takes in what another has counted."""
        self._seen |= other._seen
        return self

    def value(self, catalogue_size: int) -> float | None:
        """The share of the catalogue, None where there is no catalogue.

        Args:
            catalogue_size: tracks that could be recommended.
        """
        return len(self._seen) / catalogue_size if catalogue_size > 0 else None
