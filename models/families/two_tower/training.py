"""The training loop: Keras' own, with validation, early stopping, progress and checkpoints."""

from __future__ import annotations

import math
import os
from typing import Any, Final

import tensorflow as tf

from models import progress
from models.contract import HeldOutPlaylists, TrainingData
from models.families.two_tower.checkpoints import Checkpoints
from models.families.two_tower.network import TwoTower
from models.families.two_tower.optimizer import LazyAdam
from models.families.two_tower.params import Params
from models.families.two_tower.seeds import Cut, training_batches
from models.families.two_tower.validation import Validation

#: Of a training curve: NDCG on the playlists of stop.
STOP_NDCG: Final = "stop_ndcg"

_LEAST_TEMPERATURE_ROWS: Final = 256


def train(
    network: TwoTower,
    data: TrainingData,
    params: Params,
    seed: int,
    checkpoints: Checkpoints,
    *,
    epochs: int,
    held_out: HeldOutPlaylists | None = None,
) -> list[dict[str, Any]]:
    """Trains until the epochs are over or the NDCG on held-out playlists has stopped rising.

    Args:
        network: changed in place; what the last epoch made remains.
        data: to train on.
        params: hyperparameters; the learning rate falls over `params.epochs`.
        seed: of the order of playlists and of their seeds.
        checkpoints: where to save, and to go on from if there is something.
        epochs: how many to run at most.
        held_out: to validate on, the start included; None: all epochs are run.

    Returns:
        The training curve: "step", "epoch", "loss" and "stop_ndcg" at the end of each epoch, the
        start being epoch 0 without a loss.
    """
    loop = _Loop(network, data, params, checkpoints, epochs=epochs, held_out=held_out)
    batches = training_batches(data.train, params, seed, loop.epoch)
    loop.begin(batches)
    if not loop.finished:
        network.fit(
            batches,
            epochs=epochs,
            initial_epoch=loop.epoch,
            steps_per_epoch=loop.steps_per_epoch,
            callbacks=[loop],
            verbose=0,
        )
    return loop.history


def best_epoch(history: list[dict[str, Any]]) -> int:
    """The epoch with the best NDCG of a training curve, the first of equals; 0 is the start."""
    return int(max(history, key=lambda row: row[STOP_NDCG])["epoch"])


def trains(params: Params) -> bool:
    """Whether there is anything to train."""
    return bool(params.trained) and params.epochs > 0


def optimizer_for(params: Params, steps: int) -> LazyAdam:
    """Adam whose rate rises, then falls as a cosine over all `steps`."""
    warmup = min(params.warmup_steps, steps // 5)
    schedule = tf.keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=params.learning_rate if not warmup else 0.0,
        decay_steps=max(1, steps - warmup),
        warmup_target=params.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    return LazyAdam(schedule, jit_compile=False)


class _Loop(tf.keras.callbacks.Callback):
    def __init__(
        self,
        network: TwoTower,
        data: TrainingData,
        params: Params,
        checkpoints: Checkpoints,
        *,
        epochs: int,
        held_out: HeldOutPlaylists | None,
    ):
        super().__init__()
        self._network = network
        self._params = params
        self._checkpoints = checkpoints
        self._epochs = epochs
        self._validation = None if held_out is None else Validation(network, held_out)
        self.steps_per_epoch = math.ceil(len(data.train) / params.batch_size)
        self._total = self.steps_per_epoch * epochs
        self._optimizer = optimizer_for(params, self.steps_per_epoch * params.epochs)
        # tfrs.Model trains with what `compile` gave; no metric but our own is computed.
        network.compile(optimizer=self._optimizer)
        self._weights = tf.train.Checkpoint(model=network, optimizer=self._optimizer)
        state = checkpoints.state or {"epoch": 0, "history": []}
        self.epoch: int = state["epoch"]
        self.history: list[dict[str, Any]] = state["history"]
        self._losses: list[float] = []

    @property
    def finished(self) -> bool:
        if self.epoch >= self._epochs or self._validation is None:
            return self.epoch >= self._epochs
        return self.epoch - best_epoch(self.history) >= self._params.patience

    def begin(self, batches: tf.data.Dataset) -> None:
        """Restores what there is to go on from, or looks at the start."""
        self._optimizer.build(self._network.trainable_variables)
        if self._checkpoints.state is not None:
            self._checkpoints.restore(self._weights)
            progress.report(
                self.epoch * self.steps_per_epoch, self._total, f"resumed after epoch {self.epoch}"
            )
            return
        if self._params.temperature is None:
            rows = max(1, _LEAST_TEMPERATURE_ROWS // self._params.batch_size)
            self._network.find_temperature(_concatenate(list(batches.take(rows))))
        self._finish_epoch({"step": 0, "epoch": 0})

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        step = self.epoch * self.steps_per_epoch + batch + 1
        loss = (logs or {}).get("loss", math.nan)
        self._losses.append(loss)
        every = max(1, self._total // 100)
        if step % every == 0 or step == self._total:
            progress.report(step, self._total, f"loss {loss:.3f}{self._ndcg_text()}")

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.epoch = epoch + 1
        step = self.epoch * self.steps_per_epoch
        loss = sum(self._losses) / len(self._losses)
        self._losses.clear()
        self._finish_epoch({"step": step, "epoch": self.epoch, "loss": loss})
        if self.finished:
            self.model.stop_training = True

    def _finish_epoch(self, row: dict[str, Any]) -> None:
        if self._validation is not None:
            row[STOP_NDCG] = self._validation.ndcg()
        self.history.append(row)
        progress.report(row["step"], self._total, f"epoch {self.epoch}{self._ndcg_text()}")
        self._checkpoints.save(self._weights, {"epoch": self.epoch, "history": self.history})

    def _ndcg_text(self) -> str:
        if not self.history or STOP_NDCG not in self.history[-1]:
            return ""
        return f" · stop NDCG {self.history[-1][STOP_NDCG]:.4f}"


def _concatenate(cuts: list[Cut]) -> Cut:
    return Cut(*(tf.concat(list(parts), axis=0) for parts in zip(*cuts, strict=True)))


def checkpoint_directory(workdir: str) -> str:
    """Where a family's working directory keeps them."""
    return os.path.join(workdir, "checkpoints")
