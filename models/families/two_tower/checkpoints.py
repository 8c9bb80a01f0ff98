"""What training keeps on disk: where it is, so that it can go on after a crash."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from models.contract import TrainingData
from models.families.two_tower.params import Params


def fingerprint(
    data: TrainingData, params: Params, seed: int, tables: Iterable[np.ndarray] = ()
) -> str:
    """A digest of all that training depends on: another run's checkpoints must not be taken.

    Args:
        data: to train on.
        params: hyperparameters.
        seed: of everything random.
        tables: that a served model has given to start from.
    """
    started = hashlib.sha256()
    for table in tables:
        started.update(np.ascontiguousarray(table).data)
    settings = {
        "params": params.model_dump(mode="json"),
        "seed": seed,
        "data": data.fingerprint(),
        "start": started.hexdigest(),
    }
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


class Checkpoints:
    """The last state of one training, in a directory."""

    def __init__(self, directory: str, identity: str):
        """Opens the directory, emptying it if it belongs to another training.

        Args:
            directory: of the checkpoints; it need not exist.
            identity: `fingerprint` of the training.
        """
        self._directory = directory
        self._state_path = os.path.join(directory, "state.json")
        self._identity = identity
        self._state = self._read()
        if self._state is None and tf.io.gfile.exists(directory):
            tf.io.gfile.rmtree(directory)
        tf.io.gfile.makedirs(directory)

    @property
    def state(self) -> dict[str, Any] | None:
        """What was last saved beside the weights, or None at the beginning."""
        return self._state

    def save(self, checkpoint: tf.train.Checkpoint, state: dict[str, Any]) -> None:
        """Saves the last state.

        Args:
            checkpoint: of the weights and the optimizer.
            state: plain values to find again.
        """
        number = int(state["epoch"])
        state = {**state, "identity": self._identity}
        state["last"] = checkpoint.write(os.path.join(self._directory, f"epoch-{number}"))
        # The state names its files, and is put in place at once: a crash leaves the old or the new.
        partial = self._state_path + ".partial"
        with tf.io.gfile.GFile(partial, "w") as handle:
            handle.write(json.dumps(state))
        tf.io.gfile.rename(partial, self._state_path, overwrite=True)
        self._state = state
        self._clean()

    def restore(self, checkpoint: tf.train.Checkpoint) -> None:
        """Restores the last weights."""
        assert self._state is not None
        checkpoint.read(self._state["last"]).expect_partial()

    def _read(self) -> dict[str, Any] | None:
        if not tf.io.gfile.exists(self._state_path):
            return None
        try:
            with tf.io.gfile.GFile(self._state_path) as handle:
                state = json.load(handle)
        except ValueError:
            return None
        same = isinstance(state, dict) and state.get("identity") == self._identity
        return state if same else None

    def _clean(self) -> None:
        assert self._state is not None
        kept = os.path.basename(self._state["last"])
        for name in tf.io.gfile.listdir(self._directory):
            if name.startswith("epoch-") and name.split(".")[0] != kept:
                tf.io.gfile.remove(os.path.join(self._directory, name))
