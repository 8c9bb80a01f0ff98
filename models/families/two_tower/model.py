"""The two-tower family: start, train, score."""

from __future__ import annotations

import tensorflow as tf

from models import progress
from models.contract import Fit, TrainingData
from models.families.two_tower.checkpoints import Checkpoints, fingerprint
from models.families.two_tower.network import TwoTower
from models.families.two_tower.params import Params
from models.families.two_tower.scorer import TwoTowerScorer
from models.families.two_tower.start import prepare_start
from models.families.two_tower.training import checkpoint_directory, train, trains


def fit(data: TrainingData, params: Params, seed: int, workdir: str) -> Fit:
    """Trains the two towers, on every GPU there is, or else on the CPU.

    Training that was cut off goes on from the checkpoint of its last epoch, if `workdir` is the
    same and nothing that it depends on has changed.

    Args:
        data: to train on; its evaluation split stops training early, if there is one.
        params: hyperparameters.
        seed: of everything random.
        workdir: for checkpoints.

    Returns:
        The scorer and the training curve.
    """
    # Keras takes a seed of 32 bits.
    tf.keras.utils.set_random_seed(seed)
    start = prepare_start(data, params, seed)
    progress.report(1, 1, "vectors are started")
    with _strategy().scope():
        network = TwoTower(start, data, params, seed)
        # The network has copied what it needs, and a big catalogue's vectors fill gigabytes.
        del start
        history = []
        if trains(params):
            checkpoints = Checkpoints(
                checkpoint_directory(workdir), fingerprint(data, params, seed)
            )
            history = train(network, data, params, seed, checkpoints)
    return Fit(TwoTowerScorer(network, data.catalogue.counts, params.popularity_bias), history)


def _strategy() -> tf.distribute.Strategy:
    gpus = tf.config.list_logical_devices("GPU")
    return tf.distribute.MirroredStrategy() if len(gpus) > 1 else tf.distribute.get_strategy()
