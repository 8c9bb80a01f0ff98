"""What a family is given to start from: a served model, and the vocabularies of the new data."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from models.data import Vocabularies
from models.warm_start.carrying import known_ids
from models.warm_start.served import ServedWeights


@dataclasses.dataclass(frozen=True)
class Start:
    """A served model's weights, and where new names are found in them.

    Attributes:
        served: the weights.
        vocabularies: those of the data to train on.
    """

    served: ServedWeights
    vocabularies: Vocabularies

    @functools.cached_property
    def tracks(self) -> np.ndarray:
        """int64 [N]: the served model's id of every track, -1 where it is new."""
        return known_ids(self.served.tracks, self.vocabularies.tracks)

    @functools.cached_property
    def artists(self) -> np.ndarray:
        """int64 [A]: the same of artists."""
        return known_ids(self.served.artists, self.vocabularies.artists)

    @functools.cached_property
    def title_ngrams(self) -> np.ndarray:
        """int64 [G]: the same of title n-grams."""
        return known_ids(self.served.title_ngrams, self.vocabularies.title_ngrams)
