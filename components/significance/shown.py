"""What one model shows to the playlists of a split: tracks of the catalogue, and whose they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from pydantic import Field

from evaluation.metrics.coverage import ShownTracks
from evaluation.metrics.exposure import ExposureCounts
from schema.documents import Exposure, Part, Value

#: The key of what all scenarios have together.
ALL: Final = ""


class ShownSummary(Part):
    """What a model showed to the playlists of a split."""

    coverage: Value = None
    """The share of the catalogue; null without one."""
    exposure: dict[str, Exposure] = Field(default_factory=dict)
    """By scenario; `ALL` has all of them."""


class Shown:
    """An accumulator that can be merged; the catalogue bounds its memory."""

    def __init__(self, catalogue_size: int = 0) -> None:
        """Starts empty.

        Args:
            catalogue_size: tracks that the model can recommend.
        """
        self._size = catalogue_size
        self._tracks = ShownTracks()
        self._exposure: dict[str, ExposureCounts] = {}

    def add(self, recommended: np.ndarray, exposure: Iterable[tuple[str, ExposureCounts]]) -> Shown:
        """Counts P playlists.

        Args:
            recommended: track URIs, bytes [P, K].
            exposure: the scenario of each, and whose tracks it was shown.
        """
        self._tracks.add(recommended)
        self._expose(exposure)
        return self

    def merge(self, other: Shown) -> Shown:
        """Takes in what another has counted."""
        self._size = max(self._size, other._size)
        self._tracks.merge(other._tracks)
        self._expose(other._exposure.items())
        return self

    def _expose(self, exposure: Iterable[tuple[str, ExposureCounts]]) -> None:
        for scenario, counts in exposure:
            self._exposure.setdefault(scenario, ExposureCounts()).merge(counts)

    def summary(self) -> ShownSummary:
        """Says it in numbers."""
        together = ExposureCounts()
        for exposure in self._exposure.values():
            together.merge(exposure)
        found = {ALL: together, **dict(sorted(self._exposure.items()))}
        return ShownSummary(
            coverage=self._tracks.value(self._size),
            exposure={name: counts.summary() for name, counts in found.items()},
        )
