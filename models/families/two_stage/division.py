"""Divides train: the first stage is fitted to one part, and the second learns from the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.contract import TrainingData
from models.data.holding_out import HeldOut, concatenate, cut, part_of, select
from models.families.two_stage.params import RankingParams
from models.families.two_tower.start import groups_of


class Division(NamedTuple):
    """Train in two parts.

    Attributes:
        data: to fit the first stage to, without evaluation playlists.
        held_out: to learn ranking from, each playlist cut several times; ids are those of `data`.
    """

    data: TrainingData
    held_out: HeldOut


def divide(data: TrainingData, params: RankingParams, seed: int) -> Division | None:
    """Divides train.

    Args:
        data: all of train.
        params: how much to hold out, and how often to cut it.
        seed: of the choice and the cuts.

    Returns:
        The division, or None where that would hold out too few playlists.
    """
    rows = np.flatnonzero(np.diff(data.train.track_ids.splits) > 0)
    size = min(round(params.holdout_share * len(rows)), params.max_playlists)
    if size < params.min_playlists or size >= len(rows):
        return None
    order = np.random.default_rng(seed).permutation(rows)
    inner, new_ids = part_of(data, np.sort(order[size:]))
    held = np.sort(order[:size])
    cuts = [cut(data, held, new_ids, seed + number) for number in range(params.cuts)]
    return Division(inner, concatenate(cuts))


def evaluation_of(data: TrainingData, max_playlists: int, seed: int) -> HeldOut:
    """Evaluation playlists from which something was withheld.

    Args:
        data: with an evaluation split, which may be empty.
        max_playlists: how many to take at most, for the memory that their candidates need.
        seed: of the choice.
    """
    playlists = data.evaluation
    usable = np.zeros(0, np.int64)
    if playlists.num_targets is not None:
        usable = np.flatnonzero(playlists.num_targets)
    if len(usable) > max_playlists:
        chosen = np.random.default_rng(seed).permutation(usable)[:max_playlists]
        usable = np.sort(chosen)
    playlists = select(playlists, usable)
    return HeldOut(playlists, groups_of(playlists.track_ids, data.catalogue.artist_ids))
