"""Runs the trials of a search: each fits a family and scores it."""

from __future__ import annotations

import gc
import math
import tempfile
from typing import Any

import keras_tuner
import numpy as np
import pydantic
import tensorflow as tf
from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.errors import FailedTrialError, FatalRuntimeError

from models import progress
from models.families import Family
from models.families.search_space import merged
from models.tuning import scoring
from models.tuning.inner_split import InnerSplit
from models.tuning.oracles import OBJECTIVE

# Hyperparameters may be at fault for these; for all else the code is.
_TRIAL_FAULTS = (np.linalg.LinAlgError, tf.errors.ResourceExhaustedError, MemoryError)


class TrialRunner(BaseTuner):
    """KerasTuner's loop over trials, for models that are not Keras models.

    What is done is kept in `directory`, so that a search which was cut off goes on from there.
    """

    def __init__(
        self,
        oracle: keras_tuner.Oracle,
        *,
        family: Family,
        params: dict[str, Any],
        seed: int,
        directory: str,
        project_name: str,
    ):
        """Prepares a search.

        Args:
            oracle: says what to try.
            family: what to fit.
            params: the configured parameters, nested, which trials change.
            seed: of every fit.
            directory: where searches are kept.
            project_name: of this search there; another name is another search.
        """
        self._family = family
        self._params = params
        self._seed = seed
        super().__init__(oracle=oracle, directory=directory, project_name=project_name)

    def run_trial(self, trial: Trial, split: InnerSplit) -> dict[str, float]:
        """Fits and scores one point of the search space.

        Args:
            trial: the point.
            split: what to fit and to score on.

        Returns:
            The NDCG.

        Raises:
            FailedTrialError: if this point cannot be fitted; others may.
            FatalRuntimeError: if something else is wrong.
        """
        number, trials = len(self.oracle.end_order), self.oracle.max_trials
        with progress.part(number, trials, self._headline(number, trials)):
            try:
                value = self._score(self._trial_params(trial), split)
            except _TRIAL_FAULTS as error:
                raise FailedTrialError(f"{type(error).__name__}: {error}") from error
            except Exception as error:
                raise FatalRuntimeError(f"Trial {trial.trial_id}: {error}") from error
        if not math.isfinite(value):
            raise FailedTrialError("Its NDCG is not a number.")
        progress.report(number + 1, trials, f"trial {number + 1}: NDCG {value:.4f}")
        return {OBJECTIVE: value}

    def on_trial_end(self, trial: Trial) -> None:
        """Records a trial, and gives back the memory of its model."""
        super().on_trial_end(trial)
        # A model refers to itself: unless it is collected now, several are held at once.
        gc.collect()

    def on_search_end(self) -> None:
        """Makes sure that a best trial exists.

        Raises:
            RuntimeError: if no trial was completed.
        """
        trials = list(self.oracle.trials.values())
        if not any(trial.status == TrialStatus.COMPLETED for trial in trials):
            reason = next((trial.message for trial in trials if trial.message), "")
            raise RuntimeError(f"None of {len(trials)} trials could be fitted. {reason}".strip())

    def _trial_params(self, trial: Trial) -> pydantic.BaseModel:
        return self._family.params(merged(self._params, trial.hyperparameters.values))

    def _score(self, params: pydantic.BaseModel, split: InnerSplit) -> float:
        with tempfile.TemporaryDirectory() as workdir:
            fit = self._family.fit(split.data, params, self._seed, workdir)
            return scoring.ndcg(fit, split.data.catalogue, split.scored)

    def _headline(self, number: int, trials: int) -> str:
        text = f"trial {number + 1} of {trials}"
        best = self.oracle.get_best_trials()
        if best and best[0].score is not None:
            text += f" · best NDCG {best[0].score:.4f}"
        return text
