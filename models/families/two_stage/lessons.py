"""What the network learns from: playlists that the first stage was not fitted to."""

from __future__ import annotations

import functools
import gc
import os
from typing import NamedTuple

import numpy as np

from models.contract import Scorer, TrainingData
from models.families.two_stage.division import Division
from models.families.two_stage.examples import CandidateFinder, Examples
from models.families.two_stage.features import CandidateFeatures, Sources
from models.families.two_stage.params import Params
from models.families.two_stage.sampling import draw, whole
from models.families.two_tower import model as two_tower
from models.families.two_tower.scorer import TwoTowerScorer


class Lessons(NamedTuple):
    """What the network learns from.

    Attributes:
        examples: some candidates of each playlist.
        stop: bool, which of these are of playlists of stop.
        watched: all candidates of the playlists of stop; None where there are none.
    """

    examples: Examples
    stop: np.ndarray
    watched: Examples | None


def prepare(division: Division, epochs: int, params: Params, seed: int, workdir: str) -> Lessons:
    """Fits towers once for each fold, and takes what they find for the playlists held out.

    Args:
        division: at least one fold.
        epochs: of the towers.
        params: hyperparameters.
        seed: of everything random.
        workdir: for checkpoints.

    Returns:
        The lessons, of all folds.
    """
    examples, stop, watched = [], [], []
    generator = np.random.default_rng(seed)
    some = functools.partial(draw, params=params.ranking, generator=generator)
    for number, fold in enumerate(division):
        inner = os.path.join(workdir, f"inner-{number}")
        scorer = two_tower.fit_for(epochs, fold.data, params.retrieval, seed, inner).scorer
        features = candidate_features(fold.data, scorer, params, seed)
        depth = min(params.depth, len(fold.data.catalogue))
        finder = CandidateFinder(scorer, features, depth)
        examples.append(finder.examples(fold.held_out, some))
        stop.append(fold.stop)
        to_watch = fold.held_out.select(np.flatnonzero(fold.stop)).with_targets()
        if len(to_watch):
            watched.append(finder.examples(to_watch, whole))
        # A model refers to itself: unless it is collected now, two are held at once.
        del scorer, features, finder
        gc.collect()
    return Lessons(
        Examples.concatenate(examples),
        np.concatenate(stop),
        Examples.concatenate(watched) if watched else None,
    )


def candidate_features(
    data: TrainingData, scorer: Scorer, params: Params, seed: int
) -> CandidateFeatures:
    """Describes candidates by the data and the towers that were fitted to them."""
    assert isinstance(scorer, TwoTowerScorer)
    return CandidateFeatures(
        Sources(data, scorer, scorer.track_rows(), params.features, seed), params.listening
    )
