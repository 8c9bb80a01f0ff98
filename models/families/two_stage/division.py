"""Divides train: the first stage is fitted to one part, and the second learns from the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.contract import HeldOutPlaylists, TrainingData
from models.data.holding_out import cut, part_of
from models.families.two_stage.params import RankingParams


class Division(NamedTuple):
    """Train in two parts.

    Attributes:
        data: to fit the first stage to, without evaluation playlists.
        held_out: to learn ranking from, each playlist cut several times; ids are those of `data`.
    """

    data: TrainingData
    held_out: HeldOutPlaylists


def divide(data: TrainingData, params: RankingParams, seed: int) -> Division | None:
    """Divides train.

    Args:
        data: all of train.
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
    inner, new_ids = part_of(data, np.sort(order[size:]))
    held = np.sort(order[:size])
    cuts = [cut(data, held, new_ids, seed + number) for number in range(params.cuts)]
    return Division(inner, HeldOutPlaylists.concatenate(cuts))


def evaluation_of(data: TrainingData, max_playlists: int, seed: int) -> HeldOutPlaylists:
    """Evaluation playlists from which something was withheld.

    Args:
        data: with an evaluation split, which may be empty.
        max_playlists: how many to take at most, for the memory that their candidates need.
        seed: of the choice.
    """
    usable = np.flatnonzero(data.evaluation.num_targets)
    if len(usable) > max_playlists:
        chosen = np.random.default_rng(seed).permutation(usable)[:max_playlists]
        usable = np.sort(chosen)
    return data.evaluation.select(usable)
