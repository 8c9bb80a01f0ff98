"""The two-stage family: towers retrieve candidates, a network ranks them."""

from __future__ import annotations

import logging
import os

from models.contract import Fit, HeldOutPlaylists, Scorer, TrainingData
from models.families.shared.popularity_bias import popularity_bias
from models.families.two_stage.division import divide, evaluation_of
from models.families.two_stage.examples import Examples, find_candidates
from models.families.two_stage.features import CandidateFeatures
from models.families.two_stage.params import Params
from models.families.two_stage.ranker import NetworkRanker
from models.families.two_stage.training import teach
from models.families.two_tower import model as two_tower

_logger = logging.getLogger(__name__)


def fit(data: TrainingData, params: Params, seed: int, workdir: str) -> Fit:
    """Fits two towers to a part of train, teaches a network to rank what they find for the rest.

    The network must learn from playlists that the towers have not seen, as it will be asked about
    such. Then the towers are fitted to all of train, and the network stays as it is. With too few
    playlists to hold any out there is no second stage.

    Args:
        data: to train on; its evaluation split stops training early, if there is one.
        params: hyperparameters.
        seed: of everything random.
        workdir: for checkpoints.

    Returns:
        The towers, the network and the training curve.
    """
    division = divide(data, params.ranking, seed)
    if division is None:
        _logger.warning("Too few playlists to learn a ranking from: there is no second stage.")
        return _retrieve(data, params, seed, workdir)
    inner = _retrieve(division.data, params, seed, os.path.join(workdir, "inner"))
    learnt = _candidates(inner.scorer, division.data, division.held_out, params.depth).with_hits()
    fitted = _retrieve(data, params, seed, workdir)
    if not len(learnt.features):
        _logger.warning("No withheld track was a candidate: there is no second stage.")
        return fitted
    held_out = evaluation_of(data, params.ranking.max_playlists, seed)
    evaluation = None
    if len(held_out):
        evaluation = _candidates(fitted.scorer, data, held_out, params.depth)
    network, history = teach(learnt, evaluation, params.ranking, seed)
    bias = None
    if params.popularity_bias:
        bias = popularity_bias(data.catalogue.counts, params.popularity_bias)
    ranker = NetworkRanker(
        network,
        CandidateFeatures(data.catalogue, data.num_artists),
        params.depth,
        bias,
    )
    return Fit(fitted.scorer, history, ranker)


def _retrieve(data: TrainingData, params: Params, seed: int, workdir: str) -> Fit:
    return two_tower.fit(data, params.retrieval, seed, workdir)


def _candidates(
    scorer: Scorer, data: TrainingData, held_out: HeldOutPlaylists, depth: int
) -> Examples:
    features = CandidateFeatures(data.catalogue, data.num_artists)
    return find_candidates(scorer, features, held_out, min(depth, len(data.catalogue)))
