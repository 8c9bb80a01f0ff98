"""Draws the candidates that a playlist teaches by: all hits, and some of the many others."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from models.families.two_stage.params import RankingParams

# More hits of one playlist teach little more.
_HITS: Final = 64
# Among so many of the first stage's first candidates mistakes cost most.
_FIRST: Final = 300


class Sample(NamedTuple):
    """K of the L candidates of each of R playlists.

    Attributes:
        places: int32 [R, K], among the L.
        relevant: float32 [R, K], 1 for hits, 0 for others, -1 where there is no candidate.
        log_weights: float32 [R, K], the log of how many candidates of its kind each stands for: of
            1 / (its probability to be drawn). 0 for hits.
    """

    places: np.ndarray
    relevant: np.ndarray
    log_weights: np.ndarray


def whole(relevant: np.ndarray) -> Sample:
    """All candidates.

    Args:
        relevant: float32 [R, L], 1 for hits, 0 for others, -1 where there is no candidate.
    """
    places = np.broadcast_to(np.arange(relevant.shape[1], dtype=np.int32), relevant.shape)
    return Sample(places, relevant, np.zeros_like(relevant))


def draw(relevant: np.ndarray, params: RankingParams, generator: np.random.Generator) -> Sample:
    """Draws hits, others of the first 300 and others of the rest.

    Args:
        relevant: as of `whole`.
        params: how many to draw.
        generator: to draw with.

    Returns:
        The sample; where one kind has fewer than are wanted, the rest has more, if it can.
    """
    size = _HITS + params.first_negatives + params.other_negatives
    if relevant.shape[1] <= size:
        return whole(relevant)
    places = np.zeros((len(relevant), size), np.int32)
    kinds = np.full((len(relevant), size), -1, np.float32)
    log_weights = np.zeros((len(relevant), size), np.float32)
    for row, values in enumerate(relevant):
        others = np.flatnonzero(values == 0)
        first, rest = np.split(others, [np.searchsorted(others, _FIRST)])
        hits = _some(np.flatnonzero(values > 0), _HITS, generator)
        some_first = _some(first, params.first_negatives, generator)
        some_rest = _some(rest, size - len(hits) - len(some_first), generator)
        drawn = np.concatenate([hits, some_first, some_rest])
        places[row, : len(drawn)] = drawn
        kinds[row, : len(drawn)] = values[drawn]
        weights = [1.0, len(first) / max(len(some_first), 1), len(rest) / max(len(some_rest), 1)]
        lengths = [len(hits), len(some_first), len(some_rest)]
        log_weights[row, : len(drawn)] = np.repeat(np.log(np.maximum(weights, 1.0)), lengths)
    return Sample(places, kinds, log_weights)


def _some(values: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    if len(values) <= count:
        return values
    return generator.choice(values, count, replace=False, shuffle=False)
