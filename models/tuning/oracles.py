"""What a search tries next: KerasTuner's oracles, which begin with what is configured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import keras_tuner
from keras_tuner.engine.trial import TrialStatus

from models.families.search_space import Choice, SearchSpace
from models.tuning.options import Algorithm

#: What trials are compared by.
OBJECTIVE: Final = "ndcg"

# A Gaussian process has something to go by after so many trials, of however few there are.
_RANDOM_SHARE: Final = 1 / 3
_LEAST_RANDOM: Final = 3


class _RandomOracle(keras_tuner.oracles.RandomSearchOracle):
    """Random search from the configured values."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        return _configured(self) or super().populate_space(trial_id)


class _BayesianOracle(keras_tuner.oracles.BayesianOptimizationOracle):
    """Bayesian search from the configured values."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        return _configured(self) or super().populate_space(trial_id)


def oracle(
    algorithm: Algorithm, space: SearchSpace, values: Mapping[str, Any], trials: int, seed: int
) -> keras_tuner.Oracle:
    """Makes an oracle whose first trial is what is configured: a search never ends below it.

    Args:
        algorithm: "random" draws each trial at once; "bayesian" draws a third of them and then
            goes where a Gaussian process of NDCG promises most.
        space: the dimensions, at least one.
        values: what is configured, a point of the space.
        trials: how many to run at most.
        seed: of every draw.
    """
    settings: dict[str, Any] = {
        "objective": keras_tuner.Objective(OBJECTIVE, "max"),
        "max_trials": trials,
        "hyperparameters": hyperparameters(space, values),
        "allow_new_entries": False,
        # KerasTuner takes 0 for no seed.
        "seed": seed or 2**32 - 1,
    }
    if algorithm == "random":
        made: keras_tuner.Oracle = _RandomOracle(**settings)
    else:
        drawn = max(_LEAST_RANDOM, round(trials * _RANDOM_SHARE))
        made = _BayesianOracle(num_initial_points=drawn, **settings)
    made.verbose = 0
    return made


def hyperparameters(space: SearchSpace, values: Mapping[str, Any]) -> keras_tuner.HyperParameters:
    """A search space in KerasTuner's terms, with the configured values as defaults."""
    result = keras_tuner.HyperParameters()
    for dimension in space:
        default = values[dimension.name]
        if isinstance(dimension, Choice):
            result.Choice(dimension.name, list(dimension.values), default=default)
        else:
            sampling = "log" if dimension.log else "linear"
            result.Float(
                dimension.name, dimension.low, dimension.high, sampling=sampling, default=default
            )
    return result


def _configured(made: keras_tuner.Oracle) -> dict[str, Any] | None:
    """The answer for the first trial, None for later ones."""
    if made.trials:
        return None
    values = {dimension.name: dimension.default for dimension in made.get_space().space}
    return {"status": TrialStatus.RUNNING, "values": values}
