"""Holds playlists out of train, so that a search never looks at the eval split."""

from __future__ import annotations

import dataclasses
from typing import Final, NamedTuple

import numpy as np

from models.contract import HeldOutPlaylists, TrainingData
from models.data.holding_out import cut, part_of

#: Of the playlists that are held out, how many stop training early rather than score a trial.
STOPPING_SHARE: Final = 0.25


class InnerSplit(NamedTuple):
    """Train, divided once more.

    Attributes:
        data: to fit; its evaluation playlists, from train as well, may stop training early.
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
        data: all of train; its evaluation playlists are not looked at.
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
    rest, new_ids = part_of(data, np.sort(order[held:]))
    stops, scored = (
        cut(data, np.sort(rows), new_ids, seed) for rows in np.split(order[:held], [stopping])
    )
    return InnerSplit(dataclasses.replace(rest, evaluation=stops), scored)
