"""The two-stage family: towers retrieve candidates, a network ranks them."""

from __future__ import annotations

import dataclasses
import logging

from models.contract import Fit, TrainingData
from models.families.shared.popularity_bias import popularity_bias
from models.families.two_stage.division import Division
from models.families.two_stage.lessons import candidate_features, prepare
from models.families.two_stage.params import Params
from models.families.two_stage.ranker import NetworkRanker
from models.families.two_stage.training import choose_epochs, teach
from models.families.two_tower import model as two_tower
from models.warm_start import Start

_logger = logging.getLogger(__name__)


def fit(data: TrainingData, params: Params, seed: int, workdir: str) -> Fit:
    """Fits two towers to all playlists, and teaches a network to rank what they find.

    The network must learn from playlists that the towers have not seen, as it will be asked about
    such. So it is taught by other towers, each fitted to a part of the playlists, what they find
    for the rest; those of stop choose for how many epochs, and are then learnt from too, by another
    network. Candidates are ranked by the mean of both. With too few playlists to hold any out there
    is no second stage.

    Args:
        data: to train on.
        params: hyperparameters.
        seed: of everything random.
        workdir: for checkpoints.

    Returns:
        The towers, the networks, a training curve and the numbers of epochs that were chosen.
    """
    fitted = two_tower.fit(data, params.retrieval, seed, workdir)
    return _with_second_stage(fitted, data, params, seed, workdir)


def fit_from(data: TrainingData, params: Params, seed: int, workdir: str, start: Start) -> Fit:
    """Fits two towers from those of a served model, and teaches a new network to rank.

    The towers that find what the network is taught by start from scratch, and so does the network:
    a served model has seen the playlists that it learns from.

    Args:
        data: to train on.
        params: hyperparameters.
        seed: of everything random.
        workdir: for checkpoints.
        start: the served model, of the family two_stage or two_tower.

    Raises:
        MisfitError: if its towers do not fit.
    """
    fitted = two_tower.fit_from(data, params.retrieval, seed, workdir, start)
    return _with_second_stage(fitted, data, params, seed, workdir)


def _with_second_stage(
    fitted: Fit, data: TrainingData, params: Params, seed: int, workdir: str
) -> Fit:
    chosen = {f"retrieval.{name}": value for name, value in fitted.chosen.items()}
    first_stage = dataclasses.replace(fitted, chosen=chosen)
    division = Division(data, params.ranking, seed)
    if not len(division):
        _logger.warning("Too few playlists to learn a ranking from: there is no second stage.")
        return first_stage
    epochs = fitted.chosen.get("epochs", params.retrieval.epochs)
    examples, stop, watched = prepare(division, epochs, params, seed, workdir)
    if not examples.teaches.any():
        _logger.warning("No withheld track was a candidate: there is no second stage.")
        return first_stage
    epochs, curve, networks = params.ranking.epochs, None, []
    others = examples.teaches & ~stop
    if others.any() and watched is not None:
        # Another seed: two networks that differ are better together than either.
        found = choose_epochs(examples.select(others), watched, params.ranking, seed + 1)
        epochs, curve, networks = found.epochs, found.history, [found.network]
        chosen["ranking.epochs"] = epochs
    else:
        _logger.warning("Too few playlists of stop to choose by: all %d epochs are run.", epochs)
    network, history = teach(examples.select(examples.teaches), params.ranking, seed, epochs)
    bias = None
    if params.popularity_bias:
        bias = popularity_bias(data.catalogue.counts, params.popularity_bias)
    features = candidate_features(data, fitted.scorer, params, seed)
    ranker = NetworkRanker([*networks, network], features, params.depth, bias)
    return Fit(fitted.scorer, curve or history, ranker, chosen, fitted.growth)
