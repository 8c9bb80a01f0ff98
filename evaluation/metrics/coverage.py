"""How much of the catalogue is ever recommended."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

NAME: Final = "coverage"
FORMULA: Final = "share of the catalogue that is recommended to at least one playlist"
SOURCE: Final = (
    "Ge, Delgado-Battenfeld and Jannach, Beyond accuracy (RecSys 2010): catalogue coverage"
)


class Coverage:
    """Distinct recommended tracks over the catalogue's size: one value for all playlists.

    An accumulator that can be merged, so that workers may each see a part. It holds every distinct
    track once: the catalogue bounds its memory, not the number of playlists.
    """

    name = NAME
    higher_is_better = True
    is_accuracy = False
    formula = FORMULA
    source = SOURCE

    def __init__(self, depth: int | None = None) -> None:
        """Starts empty.

        Args:
            depth: recommendations of a playlist that count, all by default.
        """
        self._depth = depth
        self._seen: set[object] = set()

    def add(self, recommended: np.ndarray) -> Coverage:
        """Counts a batch.

        Args:
            recommended: ids [P, K] as for `Recommendations.from_ids`, padding included.
        """
        ids = pd.unique(np.asarray(recommended)[:, : self._depth].reshape(-1))
        if ids.dtype.kind in "iu":
            ids = ids[ids >= 0]
        self._seen.update(track for track in ids.tolist() if track not in {b"", "", None})
        return self

    def merge(self, other: Coverage) -> Coverage:
        """Takes in what another has counted."""
        self._seen |= other._seen
        return self

    def value(self, catalogue_size: int) -> float | None:
        """The share of the catalogue, None where there is no catalogue.

        Args:
            catalogue_size: tracks that could be recommended.
        """
        return len(self._seen) / catalogue_size if catalogue_size > 0 else None
