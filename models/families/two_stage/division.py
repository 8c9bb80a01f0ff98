"""Divides playlists: the first stage is fitted to a part, the second learns from the other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from evaluation.scenarios import TITLE_ONLY
from models.contract import HeldOutPlaylists, TrainingData
from models.data.holding_out import cut, part_of
from models.families.two_stage.params import RankingParams

# Of the playlists that are learnt from, how many may come from stop, so that the rest can teach.
_STOPPING_SHARE = 0.25


class Fold(NamedTuple):
    """The playlists in two parts.

    Attributes:
        data: to fit the first stage to.
        held_out: to learn ranking from, each playlist cut several times; ids are those of `data`.
        stop: bool, which of `held_out` are cuts of playlists of stop.
    """

    data: TrainingData
    held_out: HeldOutPlaylists
    stop: np.ndarray


class Division:
    """Playlists to learn from, in folds, each held out while the first stage is fitted to the rest.

    Where few playlists are learnt from, of many, there is one fold. Where all are, it takes several
    for the first stage to be fitted to most of them each time (cross-fitting).
    """

    def __init__(self, data: TrainingData, params: RankingParams, seed: int):
        """Chooses playlists; those of stop come first.

        Args:
            data: all playlists.
            params: how many to hold out, and how often to cut them.
            seed: of the choice and the cuts.
        """
        self._data, self._params, self._seed = data, params, seed
        self._rows = np.flatnonzero(data.train.track_ids.lengths)
        order = np.random.default_rng(seed).permutation(self._rows)
        size = min(len(order), params.max_playlists)
        stop = order[np.isin(order, data.stop)][: round(_STOPPING_SHARE * size)]
        others = order[~np.isin(order, stop)]
        chosen = np.concatenate([stop, others[: size - len(stop)]])
        at_once = round(params.holdout_share * len(self._rows))
        enough = size >= params.min_playlists and 0 < at_once < len(self._rows)
        number = math.ceil(size / at_once) if enough else 0
        # Dealt like cards, so that playlists of stop are in every fold.
        self._held = [np.sort(chosen[fold::number]) for fold in range(number)]
        self._stop = stop

    def __len__(self) -> int:
        """How many folds there are; none with too few playlists."""
        return len(self._held)

    def __iter__(self) -> Iterator[Fold]:
        """Makes one fold after another, each of which is as large as the data."""
        for held in self._held:
            inner, new_ids = part_of(self._data, np.setdiff1d(self._rows, held))
            kinds = [None] * self._params.cuts + [TITLE_ONLY] * self._params.title_cuts
            cuts = [
                cut(self._data, held, new_ids, self._seed + number, kind)
                for number, kind in enumerate(kinds)
            ]
            stop = np.tile(np.isin(held, self._stop), len(cuts))
            yield Fold(inner, HeldOutPlaylists.concatenate(cuts), stop)
