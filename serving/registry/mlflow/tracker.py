"""An account of runs at MLflow's server: an experiment a registered model, trials below runs."""

from __future__ import annotations

from typing import Final

from schema.tracking import TrackedRun
from serving.registry.mlflow import tags
from serving.registry.mlflow.connection import Connection
from serving.registry.mlflow.runs import REPORT_PATH, Runs
from serving.registry.tracker import Tracker

#: MLflow's own tag of the commit, which its page shows.
_COMMIT: Final = "mlflow.source.git.commit"


class MlflowTracker(Tracker):
    """See `serving.registry.Tracker`; a run is the one that a version of it is registered with.

    Args:
        uri: mlflow+http://HOST:PORT or mlflow+https://HOST.
        timeout: seconds for a request.
    """

    def __init__(self, uri: str, timeout: float) -> None:
        super().__init__(uri)
        self._timeout = timeout
        self._connection = Connection(uri)

    def track(self, run: TrackedRun) -> None:
        """See `Tracker.track`."""
        runs = Runs(self._connection, run.experiment, self._timeout)
        run_id = runs.open(run.key, run.key)
        commit = run.tags.get("git.sha", "")
        runs.log(
            run_id,
            params=tags.parameters(run.parameters),
            metrics=tags.metrics(run.metrics),
            tags={**run.tags, **({_COMMIT: commit} if commit else {})},
        )
        for file in run.files:
            runs.upload_file(run_id, file, REPORT_PATH)
        for trial in run.trials:
            trial_id = runs.open(f"{run.key}/{trial.name}", trial.name, parent=run_id)
            runs.log(
                trial_id,
                params=tags.parameters(trial.parameters),
                metrics=tags.metrics(trial.metrics),
                tags={},
            )
            runs.end(trial_id)
        # Last: a run that has ended is there as a whole.
        runs.end(run_id)
