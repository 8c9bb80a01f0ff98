"""MLflow's runs: one for each run of the pipeline, in the experiment of its segment."""

from __future__ import annotations

import contextlib
import functools
import pathlib
import tempfile
import time
from collections.abc import Iterator, Mapping
from typing import Final

import tensorflow as tf
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from serving.registry.mlflow.connection import Connection, Deadline, ExistsError
from serving.registry.port import RegistryError, RegistryUnavailableError

#: Where a run's artifacts have what `segue report` shows of it.
REPORT_PATH: Final = "report"
#: What a run is found by when something is added to it.
KEY_TAG: Final = "segue.run"
#: MLflow takes no more parameters at once, nor tags.
_AT_ONCE: Final = 100


class Runs:
    """The runs of an experiment.

    Args:
        connection: to the server.
        experiment: its name.
        timeout: seconds in which the server has to answer.
    """

    def __init__(self, connection: Connection, experiment: str, timeout: float) -> None:
        self._connection = connection
        self._experiment = experiment
        self._timeout = timeout

    def open(self, key: str, name: str, parent: str = "") -> str:
        """Finds the run of a key, or begins it; so that a second try goes on with the first.

        Args:
            key: tells it from all others of the experiment.
            name: for people.
            parent: the run that it is a part of; "" for none.

        Returns:
            Its ID.
        """
        deadline = Deadline(self._timeout)
        experiment = self._experiment_id(deadline)
        quoted = key.replace("'", "")
        found = self._connection.call(
            lambda client: client.search_runs(
                [experiment], f"tags.`{KEY_TAG}` = '{quoted}'", order_by=["start_time ASC"]
            ),
            deadline,
        )
        if found:
            return found[0].info.run_id
        tags = {KEY_TAG: quoted, **({"mlflow.parentRunId": parent} if parent else {})}
        return self._connection.call(
            lambda client: client.create_run(experiment, tags=tags, run_name=name), deadline
        ).info.run_id

    def log(
        self,
        run_id: str,
        *,
        params: Mapping[str, str] | None = None,
        metrics: Mapping[str, float] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Adds to a run; what is there already has to be the same, but for tags."""
        deadline = Deadline(self._timeout)
        now = int(time.time() * 1000)
        points = [Metric(name, value, now, 0) for name, value in (metrics or {}).items()]
        labels = [RunTag(name, value) for name, value in (tags or {}).items()]
        fixed = [Param(name, value) for name, value in (params or {}).items()]
        # At least once, as there may be tags or metrics alone.
        for start in range(0, len(fixed) or 1, _AT_ONCE):
            batch = functools.partial(
                MlflowClient.log_batch,
                run_id=run_id,
                metrics=points if not start else (),
                tags=labels if not start else (),
                params=fixed[start : start + _AT_ONCE],
            )
            self._connection.call(batch, deadline)

    def upload(self, run_id: str, directory: str, path: str) -> None:
        """Adds all files of a directory.

        Args:
            run_id: the run.
            directory: local, or on any file system of TensorFlow.
            path: where the run's artifacts have them; "" for their root.

        Raises:
            RegistryError: they cannot be read.
        """
        with _local(directory) as local:
            self._connection.call(
                lambda client: client.log_artifacts(run_id, str(local), path or None),
                Deadline(self._timeout),
                seconds=self._timeout,
            )

    def upload_file(self, run_id: str, file: str, path: str) -> None:
        """Adds a file, under its own name; the rest as in `upload`."""
        with _local(file) as local:
            self._connection.call(
                lambda client: client.log_artifact(run_id, str(local), path or None),
                Deadline(self._timeout),
                seconds=self._timeout,
            )

    def download(self, run_id: str, path: str) -> bytes:
        """A file of a run's artifacts.

        Raises:
            MissingError: there is none.
        """
        with tempfile.TemporaryDirectory() as folder:
            return self._connection.call(
                lambda client: pathlib.Path(
                    client.download_artifacts(run_id, path, folder)
                ).read_bytes(),
                Deadline(self._timeout),
                seconds=self._timeout,
            )

    def end(self, run_id: str, *, failed: bool = False) -> None:
        """Says that a run has ended."""
        self._connection.call(
            lambda client: client.set_terminated(run_id, "FAILED" if failed else "FINISHED"),
            Deadline(self._timeout),
        )

    def _experiment_id(self, deadline: Deadline) -> str:
        for _ in range(2):
            found = self._connection.call(
                lambda client: client.get_experiment_by_name(self._experiment), deadline
            )
            if found is not None:
                return found.experiment_id
            with contextlib.suppress(ExistsError):  # somebody else was quicker
                return self._connection.call(
                    lambda client: client.create_experiment(self._experiment), deadline
                )
        raise RegistryUnavailableError(
            f"{self._connection.uri}: experiment {self._experiment} can neither be read nor made"
        )


@contextlib.contextmanager
def _local(path: str) -> Iterator[pathlib.Path]:
    """A local copy of a file or a directory, or it itself where it is local.

    Raises:
        RegistryError: it cannot be read.
    """
    if "://" not in path:
        if not pathlib.Path(path).exists():
            raise RegistryError(f"{path} is not there")
        yield pathlib.Path(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, path.rstrip("/").rpartition("/")[2])
        try:
            if tf.io.gfile.isdir(path):
                _copy(path.rstrip("/"), copy)
            else:
                tf.io.gfile.copy(path, str(copy))
        except tf.errors.OpError as error:
            raise RegistryError(f"{path} cannot be read: {error.message}") from error
        yield copy


def _copy(directory: str, copy: pathlib.Path) -> None:
    for folder, _, names in tf.io.gfile.walk(directory):
        there = copy / folder.rstrip("/")[len(directory) :].lstrip("/")
        there.mkdir(parents=True, exist_ok=True)
        for name in names:
            tf.io.gfile.copy(f"{folder.rstrip('/')}/{name}", str(there / name))
