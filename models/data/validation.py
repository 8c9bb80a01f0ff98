"""NDCG on held-out playlists, the one measure by which training and tuning compare."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from evaluation.metrics import Recommendations, mean
from evaluation.metrics.ndcg import NDCG
from models.data.playlists import HeldOutPlaylists, Query

# Playlists that are scored at once: 32 rows over a catalogue of a million are 128 MB.
_ROWS: Final = 32


def ndcg(recommend: Callable[[Query], np.ndarray], held_out: HeldOutPlaylists) -> float:
    """Mean NDCG of recommending, 500 deep; withheld tracks that are not known count as missed.

    Args:
        recommend: gives for a query of n playlists the ids of the best tracks, int [n, K], best
            first, -1 where no candidate is left. It is asked about 32 playlists at once.
        held_out: playlists; those from which nothing was withheld are left out.

    Raises:
        ValueError: if none is left.
    """
    held_out = held_out.with_targets()
    if not len(held_out):
        raise ValueError("There are no held-out playlists from which a track was withheld.")
    query, hits = held_out.query(), []
    for start in range(0, len(held_out), _ROWS):
        found = recommend(Query(*(rows[start : start + _ROWS] for rows in query)))
        hits.append(held_out.hits(found, start))
    return mean_ndcg(np.concatenate(hits), held_out.num_targets)


def mean_ndcg(hits: np.ndarray, num_targets: np.ndarray) -> float:
    """Mean NDCG, 500 deep.

    Args:
        hits: bool [P, K], which recommendations were withheld, best first.
        num_targets: int [P], all withheld tracks of each playlist.

    Returns:
        From 0 to 1; NaN where nothing was withheld from any.
    """
    value = mean(NDCG().per_playlist(Recommendations(hits, np.ones_like(hits), num_targets)))
    return math.nan if value is None else value
