"""Holds playlists out of train for a search, which never looks at another split."""

from __future__ import annotations

import dataclasses
from typing import Final, NamedTuple

import numpy as np

from models.contract import HeldOutPlaylists, TrainingData
from models.data.holding_out import cut, part_of

#: Of the playlists that are held out, how many are for stop rather than to score a trial.
STOPPING_SHARE: Final = 0.25


class InnerSplit(NamedTuple):
    """Train, divided once more.

    Attributes:
        data: to fit, with a part for stop; that is from train as well.
        scored: to score the fit on.
    """

    data: TrainingData
    scored: HeldOutPlaylists


def split_train(
    data: TrainingData, share: float, seed: int, max_playlists: int | None = None
) -> InnerSplit:
    """Divides train as the pipeline divided all playlists.

    The rest is made what Transform would have made of it. The held-out playlists are cut by the
    ten scenarios, drawn for each, as Holdout does.

    Args:
        data: all of train.
        share: of the playlists to hold out, between 0 and 1.
        seed: of every draw.
        max_playlists: how many of train's playlists to use at all; None: all.

    Returns:
        The division.

    Raises:
        ValueError: if there are too few playlists for it.
    """
    used = np.flatnonzero(data.train.track_ids.lengths)
    order = np.random.default_rng(seed).permutation(used)[:max_playlists]
    held = round(share * len(order))
    stopping = round(STOPPING_SHARE * held)
    if stopping < 1 or held >= len(order):
        raise ValueError(
            f"Tuning needs more playlists: of {len(order)} in train, a share of {share:g} leaves "
            f"{held} to score and to stop training on. Raise tuner.holdout_share or "
            "tuner.playlists, or tune on more data."
        )
    stop, scored, rest = np.split(order, [stopping, held])
    fitted = np.sort(np.concatenate([stop, rest]))
    part, new_ids = part_of(data, fitted)
    part = dataclasses.replace(part, stop=np.flatnonzero(np.isin(fitted, stop)))
    return InnerSplit(part, cut(data, np.sort(scored), new_ids, seed))
