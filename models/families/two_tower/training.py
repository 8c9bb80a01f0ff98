"""The training loop: Keras' own, with validation, early stopping, progress and checkpoints."""

from __future__ import annotations

import math
import os
from typing import Any

import tensorflow as tf

from models import progress
from models.contract import TrainingData
from models.families.two_tower.checkpoints import Checkpoints
from models.families.two_tower.network import TwoTower
from models.families.two_tower.optimizer import LazyAdam
from models.families.two_tower.params import Params
from models.families.two_tower.seeds import Cut, training_batches
from models.families.two_tower.validation import Validation

_LEAST_TEMPERATURE_ROWS = 256


def train(
    network: TwoTower, data: TrainingData, params: Params, seed: int, checkpoints: Checkpoints
) -> list[dict[str, Any]]:
    """Trains until the epochs are over or the eval NDCG has stopped rising.

    The start is validated too, and counts: where no epoch betters it, it is what remains. Without
    held-out playlists all epochs are run and the last one remains.

    Args:
        network: changed in place.
        data: to train and validate on.
        params: hyperparameters.
        seed: of the order of playlists and of their seeds.
        checkpoints: where to save, and to go on from if there is something.

    Returns:
        The training curve: "step", "epoch", "loss" and "eval_ndcg" at the end of each epoch, the
        start being epoch 0 without a loss.
    """
    loop = _Loop(network, data, params, checkpoints)
    loop.begin(training_batches(data.train, params, seed))
    if not loop.finished:
        network.fit(
            training_batches(data.train, params, seed, loop.epoch),
            epochs=params.epochs,
            initial_epoch=loop.epoch,
            steps_per_epoch=loop.steps_per_epoch,
            callbacks=[loop],
            verbose=0,
        )
    loop.end()
    return loop.history


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
        self, network: TwoTower, data: TrainingData, params: Params, checkpoints: Checkpoints
    ):
        super().__init__()
        self._network = network
        self._params = params
        self._checkpoints = checkpoints
        self._validation = Validation(data.evaluation)
        self.steps_per_epoch = math.ceil(len(data.train) / params.batch_size)
        self._total = self.steps_per_epoch * params.epochs
        self._optimizer = optimizer_for(params, self._total)
        # tfrs.Model trains with what `compile` gave; no metric but our own is computed.
        network.compile(optimizer=self._optimizer)
        self._weights = tf.train.Checkpoint(model=network, optimizer=self._optimizer)
        self.epoch = 0
        self.history: list[dict[str, Any]] = []
        self._best_epoch = 0
        self._losses: list[float] = []

    @property
    def finished(self) -> bool:
        stopped = bool(self._validation) and self.epoch - self._best_epoch >= self._params.patience
        return self.epoch >= self._params.epochs or stopped

    def begin(self, batches: tf.data.Dataset) -> None:
        """Restores what there is to go on from, or looks at the start."""
        self._optimizer.build(self._network.trainable_variables)
        state = self._checkpoints.state
        if state is not None:
            self._checkpoints.restore(self._weights, "last")
            self.epoch, self._best_epoch = state["epoch"], state["best_epoch"]
            self.history = state["history"]
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

    def end(self) -> None:
        """Returns to the best weights."""
        if self._validation and self._best_epoch != self.epoch:
            self._checkpoints.restore(self._weights, "best")

    def _finish_epoch(self, row: dict[str, Any]) -> None:
        if self._validation:
            row["eval_ndcg"] = self._validation.ndcg(self._network)
            past = [earlier["eval_ndcg"] for earlier in self.history]
            best = not past or row["eval_ndcg"] > max(past)
        else:
            best = True
        if best:
            self._best_epoch = self.epoch
        self.history.append(row)
        progress.report(row["step"], self._total, f"epoch {self.epoch}{self._ndcg_text()}")
        state = {"epoch": self.epoch, "best_epoch": self._best_epoch, "history": self.history}
        self._checkpoints.save(self._weights, state, best)

    def _ndcg_text(self) -> str:
        if not self.history or "eval_ndcg" not in self.history[-1]:
            return ""
        return f" · eval NDCG {self.history[-1]['eval_ndcg']:.4f}"


def _concatenate(cuts: list[Cut]) -> Cut:
    return Cut(*(tf.concat(list(parts), axis=0) for parts in zip(*cuts, strict=True)))


def checkpoint_directory(workdir: str) -> str:
    """Where a family's working directory keeps them."""
    return os.path.join(workdir, "checkpoints")
