"""How high tracks may stand of which no playlist has told: tried on tracks that are known."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from models.contract import DotProductScorer, TrainingData
from models.data import HeldOutPlaylists
from models.data.holding_out import cut

_PLAYLISTS: Final = 512
_BATCH: Final = 16  # rows of scores of all tracks that are held at once
_DEPTH: Final = 500
_STEPS: Final = 24
# What others may lose in NDCG, as a share of it.
_ALLOWED: Final = 0.001
_WORTH: Final = 1 / np.log2(np.arange(2, _DEPTH + 2))


class Choice(NamedTuple):
    """The offset, and what it did where it was tried.

    Attributes:
        offset: added to the scores of cold tracks.
        found: the share of withheld pretenders among the first 500.
        without: NDCG by all other tracks with no pretender in the lists.
        ndcg: the same with them.
    """

    offset: float
    found: float
    without: float
    ndcg: float


class _Tried(NamedTuple):
    """The best of each kind for Q playlists, best first: scores [Q, K], whether withheld [Q, K].

    `ideal` is the DCG of the best list [Q], `withheld` how many pretenders were withheld.
    """

    warm: np.ndarray
    warm_hits: np.ndarray
    cold: np.ndarray
    cold_hits: np.ndarray
    ideal: np.ndarray
    withheld: int


def choose(
    scorer: DotProductScorer,
    data: TrainingData,
    pretenders: np.ndarray,
    vectors: np.ndarray,
    seed: int,
) -> Choice:
    """Lets some known tracks pretend that no playlist holds them.

    The offset is the one with the highest NDCG among those that cost all others no more than a
    thousandth of theirs. The scorer was fitted to these playlists, which favours what it knows, so
    the choice is a careful one.

    Args:
        scorer: of all tracks.
        data: what it was fitted to.
        pretenders: int [C], their ids.
        vectors: float32 [C, d], what they would have, by sound.
        seed: of which playlists are tried, and what is withheld of them.
    """
    rows = np.flatnonzero(data.train.track_ids.lengths > 1)
    rows = np.sort(np.random.default_rng(seed).permutation(rows)[:_PLAYLISTS])
    held_out = cut(data, rows, np.arange(len(data.catalogue), dtype=np.int32), seed).with_targets()
    tried = _try(scorer, held_out, pretenders, vectors)
    without, _, _ = _measured(tried, -np.inf)
    # From so low that none stands before the last of others, to so high that half stand at the top.
    lowest = np.where(np.isfinite(tried.warm), tried.warm, np.inf).min(axis=1)
    low = float(np.min(lowest - tried.cold[:, 0]))
    high = float(np.median(tried.warm[:, 0] - tried.cold[:, 0]))
    best = Choice(low, 0.0, without, without)
    best_all = -1.0
    for offset in np.linspace(low, high, _STEPS):
        others, everything, found = _measured(tried, offset)
        if others >= (1 - _ALLOWED) * without and everything > best_all:
            best, best_all = Choice(float(offset), found, without, others), everything
    return best


def _try(
    scorer: DotProductScorer,
    held_out: HeldOutPlaylists,
    pretenders: np.ndarray,
    vectors: np.ndarray,
) -> _Tried:
    parts = []
    withheld = 0
    for start in range(0, len(held_out), _BATCH):
        some = held_out.select(np.arange(start, min(start + _BATCH, len(held_out))))
        query = some.query()
        suited = scorer.is_dot_product(query).numpy() & scorer.has_signal(query).numpy()
        warm = scorer.score(query).numpy()
        cold = scorer.query_embedding(query).numpy() @ vectors.T
        for row in np.flatnonzero(suited):
            warm[row, some.track_ids.row(row)] = -np.inf
            targets = some.targets.row(row)
            withheld += int(np.isin(targets, pretenders).sum())
            seeds = np.isin(pretenders, some.track_ids.row(row))
            parts.append(
                (
                    *_best(np.delete(warm[row], pretenders), _others(targets, pretenders)),
                    *_best(np.where(seeds, -np.inf, cold[row]), np.isin(pretenders, targets)),
                    _WORTH[: len(targets)].sum(),
                )
            )
    warm, warm_hits, cold, cold_hits, ideal = map(np.array, zip(*parts, strict=True))
    return _Tried(warm, warm_hits, cold, cold_hits, ideal, withheld)


def _others(targets: np.ndarray, pretenders: np.ndarray) -> np.ndarray:
    """Places of withheld tracks among those that are no pretenders."""
    kept = np.setdiff1d(targets, pretenders)
    return kept - np.searchsorted(np.sort(pretenders), kept)


def _best(scores: np.ndarray, hits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best scores, padded to the depth, and which of them hit: `hits` is a mask, or places."""
    mask = hits if hits.dtype == bool else np.isin(np.arange(len(scores)), hits)
    count = min(_DEPTH, len(scores))
    order = np.argpartition(-scores, count - 1)[:count]
    order = order[np.argsort(-scores[order], kind="stable")]
    padding = [(0, _DEPTH - count)]
    return (
        np.pad(scores[order], padding, constant_values=-np.inf),
        np.pad(mask[order], padding),
    )


def _measured(tried: _Tried, offset: float) -> tuple[float, float, float]:
    """NDCG by others alone, by all, and the share of pretenders that was found."""
    scores = np.concatenate([tried.warm, tried.cold + offset], axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :_DEPTH]
    shown = np.isfinite(np.take_along_axis(scores, order, axis=1))
    none = np.zeros_like(tried.cold_hits)
    of_warm = np.concatenate([tried.warm_hits, none], axis=1)
    of_cold = np.concatenate([np.zeros_like(tried.warm_hits), tried.cold_hits], axis=1)
    warm = np.take_along_axis(of_warm, order, axis=1) & shown
    cold = np.take_along_axis(of_cold, order, axis=1) & shown
    others = ((warm * _WORTH).sum(axis=1) / tried.ideal).mean()
    everything = (((warm | cold) * _WORTH).sum(axis=1) / tried.ideal).mean()
    return float(others), float(everything), float(cold.sum() / max(tried.withheld, 1))
