"""Teaches the second stage to rank, with Keras' own loop."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from models import progress
from models.data.validation import mean_ndcg
from models.families.two_stage.examples import Examples
from models.families.two_stage.params import RankingParams
from models.families.two_stage.ranker import RankingNetwork

# Playlists that are ranked at once.
_ROWS = 64
# Rows of features that are turned into doubles at once.
_BLOCK = 65536
_STOP = "stop_ndcg"


class Chosen(NamedTuple):
    """What the playlists of stop chose.

    Attributes:
        epochs: the epoch with the best NDCG on them, from 1, also where the first stage's own order
            was better, which the training curve then shows.
        network: as that epoch left it.
        history: the training curve, as `teach` gives it.
    """

    epochs: int
    network: RankingNetwork
    history: list[dict[str, Any]]


def choose_epochs(
    examples: Examples, watched: Examples, params: RankingParams, seed: int
) -> Chosen:
    """Finds how many epochs a network should learn for.

    Args:
        examples: to learn from, each with a hit.
        watched: other playlists, to validate on.
        params: hyperparameters.
        seed: of the first weights and of the order.
    """
    network, history = teach(examples, params, seed, params.epochs, watched)
    best = max(history[1:], key=lambda row: row[_STOP])
    return Chosen(int(best["epoch"]), network, history)


def teach(
    examples: Examples,
    params: RankingParams,
    seed: int,
    epochs: int,
    watched: Examples | None = None,
) -> tuple[RankingNetwork, list[dict[str, Any]]]:
    """Trains a network until the epochs are over or the NDCG on others has stopped rising.

    Args:
        examples: to learn from, each with a hit.
        params: hyperparameters.
        seed: of the first weights and of the order.
        epochs: how many to run at most, over which the learning rate falls.
        watched: other playlists, to validate on; None: all epochs are run.

    Returns:
        The network as the last epoch leaves it, or the best one where others are watched, and the
        training curve: "step", "epoch", "loss" and
        "stop_ndcg" at the end of each epoch. Epoch 0 is the order that the first stage gives,
        without a loss.
    """
    tf.keras.utils.set_random_seed(seed)
    network = RankingNetwork(*_moments(examples.features), params.hidden, params.l2)
    batches = _batches(examples, params, seed)
    steps = len(batches)
    # To 0 by the end: weights from the middle of a longer fall are noisier (docs/accuracy.md).
    rate = tf.keras.optimizers.schedules.CosineDecay(params.learning_rate, steps * epochs)
    network.compile(optimizer=tf.keras.optimizers.Adam(rate))
    watch = _Watch(watched, steps, epochs)
    callbacks: list[tf.keras.callbacks.Callback] = [watch]
    if watched is not None:
        callbacks.append(
            tf.keras.callbacks.EarlyStopping(
                _STOP, mode="max", patience=params.patience, restore_best_weights=True
            )
        )
    network.fit(batches, epochs=epochs, callbacks=callbacks, verbose=0)
    return network, watch.history


def ndcg(examples: Examples, scores: np.ndarray) -> float:
    """Mean NDCG, 500 deep, of candidates in the order of their scores, float32 [M, L].

    Withheld tracks that are not candidates count as missed; NaN where nothing was withheld.
    """
    scores = np.where(examples.relevant < 0, -np.inf, scores)
    order = np.argsort(-scores, axis=1, kind="stable")
    hits = np.take_along_axis(examples.relevant, order, axis=1) > 0
    return mean_ndcg(hits, examples.num_withheld)


def _moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each feature, float32 [F], without a copy of all of them."""
    columns = features.reshape(-1, features.shape[-1])
    mean = columns.mean(axis=0, dtype=np.float64)
    squares = np.zeros_like(mean)
    for start in range(0, len(columns), _BLOCK):
        squares += ((columns[start : start + _BLOCK] - mean) ** 2).sum(axis=0)
    return mean.astype(np.float32), (squares / len(columns)).astype(np.float32)


def _batches(examples: Examples, params: RankingParams, seed: int) -> tf.data.Dataset:
    columns = examples.features, examples.relevant, examples.log_weights

    def gather(rows: np.ndarray) -> list[np.ndarray]:
        return [column[rows] for column in columns]

    @tf.autograph.experimental.do_not_convert
    def batch(rows: tf.Tensor) -> tuple[tf.Tensor, ...]:
        # From memory as it is: a tensor of all of it would be a second copy.
        got = tf.numpy_function(gather, [rows], [tf.float32] * len(columns), stateful=False)
        return tuple(
            tf.ensure_shape(part, [None, *column.shape[1:]])
            for part, column in zip(got, columns, strict=True)
        )

    count = len(examples.features)
    rows = tf.data.Dataset.range(count).shuffle(count, seed, reshuffle_each_iteration=True)
    return rows.batch(params.batch_size).map(batch).prefetch(2)


class _Watch(tf.keras.callbacks.Callback):
    """Validates, keeps the training curve and reports progress."""

    def __init__(self, watched: Examples | None, steps: int, epochs: int):
        super().__init__()
        self._watched = watched
        self._steps = steps
        self._epochs = epochs
        self.history: list[dict[str, Any]] = []
        self._losses: list[float] = []

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        row: dict[str, Any] = {"step": 0, "epoch": 0}
        if self._watched is not None:
            # Candidates come in the first stage's order.
            descending = -np.arange(self._watched.relevant.shape[1], dtype=np.float32)
            scores = np.broadcast_to(descending, self._watched.relevant.shape)
            row[_STOP] = ndcg(self._watched, scores)
        self._keep(row)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._losses.append((logs or {}).get("loss", math.nan))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        logs = {} if logs is None else logs
        row: dict[str, Any] = {"step": (epoch + 1) * self._steps, "epoch": epoch + 1}
        row["loss"] = sum(self._losses) / len(self._losses)
        self._losses.clear()
        if self._watched is not None:
            features = self._watched.features
            scores = [
                self.model(features[start : start + _ROWS]).numpy()
                for start in range(0, len(features), _ROWS)
            ]
            row[_STOP] = logs[_STOP] = ndcg(self._watched, np.concatenate(scores))
        self._keep(row)

    def _keep(self, row: dict[str, Any]) -> None:
        self.history.append(row)
        text = f" · stop NDCG {row[_STOP]:.4f}" if _STOP in row else ""
        total = self._epochs * self._steps
        progress.report(row["step"], total, f"ranking, epoch {row['epoch']}{text}")
