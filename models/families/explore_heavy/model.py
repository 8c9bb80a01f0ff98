"""Exploration as a family: towers find candidates, and a re-ranker prefers the new and the varied.

What it costs in accuracy and what it brings are metrics of every run: NDCG beside novelty,
diversity and coverage.
"""

from __future__ import annotations

import dataclasses

from models.contract import Fit, TrainingData
from models.families.explore_heavy.params import Params
from models.families.explore_heavy.ranker import ExploringRanker
from models.families.two_tower import model as two_tower
from models.families.two_tower.scorer import TwoTowerScorer


def fit(data: TrainingData, params: Params, seed: int, workdir: str) -> Fit:
    """Fits two towers; the second stage has nothing to learn.

    Args:
        data: to train on.
        params: hyperparameters.
        seed: of everything random.
        workdir: for checkpoints.

    Returns:
        The towers with their training curve, and the second stage.
    """
    fitted = two_tower.fit(data, params.retrieval, seed, workdir)
    assert isinstance(fitted.scorer, TwoTowerScorer)
    ranker = ExploringRanker(
        fitted.scorer.track_rows(),
        data.catalogue.counts,
        len(data.train),
        params.depth,
        novelty=params.novelty,
        diversity=params.diversity,
    )
    chosen = {f"retrieval.{name}": value for name, value in fitted.chosen.items()}
    return dataclasses.replace(fitted, ranker=ranker, chosen=chosen)
