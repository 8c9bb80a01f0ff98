"""The two-tower family: start, train, score."""

from __future__ import annotations

import gc
import logging
import os
from typing import Any, Final

import tensorflow as tf

from models import progress, warm_start
from models.contract import Fit, HeldOutPlaylists, TrainingData
from models.data.holding_out import set_aside
from models.families.two_tower.checkpoints import Checkpoints, fingerprint
from models.families.two_tower.network import TwoTower
from models.families.two_tower.params import Params
from models.families.two_tower.scorer import TwoTowerScorer
from models.families.two_tower.start import Start, prepare_start
from models.families.two_tower.training import best_epoch, checkpoint_directory, train, trains
from models.families.two_tower.warm import warm_start_of

_logger = logging.getLogger(__name__)

_OTHER_SEED: Final = 7919


def fit(data: TrainingData, params: Params, seed: int, workdir: str) -> Fit:
    """Trains the two towers, on every GPU there is, or else on the CPU.

    The playlists of stop choose the number of epochs, then the towers are trained again, on all
    playlists and for as many. Without playlists to choose by, or anything to train, all configured
    epochs are run. Training that was cut off goes on from the checkpoint of its last epoch, if
    `workdir` is the same and nothing that it depends on has changed.

    Args:
        data: to train on.
        params: hyperparameters.
        seed: of everything random.
        workdir: for checkpoints.

    Returns:
        The scorer, the training curve and the number of epochs that was chosen.
    """
    aside = set_aside(data, seed) if trains(params) else None
    if aside is None:
        if trains(params):
            _logger.warning("The split stop is empty: all %d epochs are run.", params.epochs)
        return fit_for(params.epochs, data, params, seed, workdir)
    choosing = os.path.join(workdir, "choosing")
    history = _train(params.epochs, aside.data, params, seed, choosing, held_out=aside.held_out)[1]
    # A model refers to itself: unless it is collected now, two are held at once.
    gc.collect()
    epochs = best_epoch(history)
    return Fit(
        fit_for(epochs, data, params, seed, workdir).scorer, history, chosen={"epochs": epochs}
    )


def fit_for(epochs: int, data: TrainingData, params: Params, seed: int, workdir: str) -> Fit:
    """Trains the two towers for a number of epochs; nothing is chosen.

    Args:
        epochs: at most `params.epochs`, over which the learning rate falls.
        data: to train on.
        params: hyperparameters.
        seed: of everything random.
        workdir: for checkpoints.

    Returns:
        The scorer and the training curve.
    """
    network, history = _train(epochs, data, params, seed, workdir)
    second = _second(epochs, data, params, seed, workdir)
    scorer = TwoTowerScorer(network, data.catalogue.counts, params.popularity_bias, second)
    return Fit(scorer, history)


def fit_from(
    data: TrainingData, params: Params, seed: int, workdir: str, start: warm_start.Start
) -> Fit:
    """Trains the two towers from those of a served model; see `warm.warm_start_of`.

    They have seen the playlists of stop, so nothing is chosen by these: `params.warm_epochs` are
    run, and no more than `params.epochs`.

    Args:
        data: to train on.
        params: hyperparameters.
        seed: of everything random.
        workdir: for checkpoints.
        start: the served model, of the family two_tower or two_stage.

    Raises:
        MisfitError: if its weights do not fit.
    """
    epochs = min(params.warm_epochs, params.epochs)
    warm = warm_start_of(data, params, seed, start)
    # The learning rate falls over the epochs that are run.
    fewer = params.model_copy(update={"epochs": epochs})
    network, history = _train(epochs, data, fewer, seed, workdir, start=warm.start)
    second = _second(epochs, data, fewer, seed, workdir)
    scorer = TwoTowerScorer(network, data.catalogue.counts, params.popularity_bias, second)
    return Fit(scorer, history, growth=warm.growth)


def _second(
    epochs: int, data: TrainingData, params: Params, seed: int, workdir: str
) -> TwoTower | None:
    """The network whose scores are averaged with the first's, if there is one.

    It is the smaller one, so it starts from scratch even where the first does not.
    """
    if not params.second_factors:
        return None
    smaller = {"factors": params.second_factors, "second_factors": 0}
    # Another random start than the first's.
    seed = (seed + _OTHER_SEED) % 2**32
    folder = os.path.join(workdir, "second")
    return _train(epochs, data, params.model_copy(update=smaller), seed, folder)[0]


def _train(
    epochs: int,
    data: TrainingData,
    params: Params,
    seed: int,
    workdir: str,
    *,
    held_out: HeldOutPlaylists | None = None,
    start: Start | None = None,
) -> tuple[TwoTower, list[dict[str, Any]]]:
    # Keras takes a seed of 32 bits.
    tf.keras.utils.set_random_seed(seed)
    tables = [] if start is None else [start.tracks, start.seeds, start.seed_artists, start.titles]
    identity = fingerprint(data, params, seed, tables) if trains(params) else ""
    start = start or prepare_start(data, params, seed)
    progress.report(1, 1, "vectors are started")
    with _strategy().scope():
        network = TwoTower(start, data, params, seed)
        # The network has copied what it needs, and a big catalogue's vectors fill gigabytes.
        del start, tables
        history = []
        if trains(params) and epochs:
            checkpoints = Checkpoints(checkpoint_directory(workdir), identity)
            history = train(
                network, data, params, seed, checkpoints, epochs=epochs, held_out=held_out
            )
    return network, history


def _strategy() -> tf.distribute.Strategy:
    gpus = tf.config.list_logical_devices("GPU")
    return tf.distribute.MirroredStrategy() if len(gpus) > 1 else tf.distribute.get_strategy()
