"""Divides playlists: the first stage is fitted to one part, the second learns from the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.contract import HeldOutPlaylists, TrainingData
from models.data.holding_out import cut, part_of
from models.families.two_stage.params import RankingParams

# Of the playlists that are held out, how many may come from stop, so that the rest can teach.
_STOPPING_SHARE = 0.25


class Division(NamedTuple):
    """The playlists in two parts.

    Attributes:
        data: to fit the first stage to.
        held_out: to learn ranking from, each playlist cut several times; ids are those of `data`.
        stop: bool, which of `held_out` are cuts of playlists of stop.
    """

    data: TrainingData
    held_out: HeldOutPlaylists
    stop: np.ndarray


def divide(data: TrainingData, params: RankingParams, seed: int) -> Division | None:
    """Divides the playlists; those of stop are held out first.

    Args:
        data: all playlists.
        params: how much to hold out, and how often to cut it.
        seed: of the choice and the cuts.

    Returns:
        The division, or None where that would hold out too few playlists.
    """
    rows = np.flatnonzero(data.train.track_ids.lengths)
    size = min(round(params.holdout_share * len(rows)), params.max_playlists)
    if size < params.min_playlists or size >= len(rows):
        return None
    order = np.random.default_rng(seed).permutation(rows)
    is_stop = np.isin(order, data.stop)
    stop = order[is_stop][: round(_STOPPING_SHARE * size)]
    others = order[~np.isin(order, stop)]
    held = np.sort(np.concatenate([stop, others[: size - len(stop)]]))
    inner, new_ids = part_of(data, np.setdiff1d(rows, held))
    cuts = [cut(data, held, new_ids, seed + number) for number in range(params.cuts)]
    return Division(
        inner,
        HeldOutPlaylists.concatenate(cuts),
        np.tile(np.isin(held, stop), params.cuts),
    )
