"""Requests to MLflow's server: each has a time limit, and its errors are told apart."""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

# Before MLflow is imported: it would tell its makers that it was.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from serving.registry.port import RegistryError, RegistryUnavailableError

Answer = TypeVar("Answer")

#: Seconds that one request may take, unless less is left.
REQUEST_SECONDS: Final = 8.0
_RETRY_SECONDS: Final = 0.1
_BUSY: Final = ("TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED")

#: MLflow's client reads these at each request, from the process's environment.
_TURNS: Final = threading.RLock()


class ExistsError(RegistryError):
    """What was to be created is there."""


class MissingError(RegistryError):
    """What was asked for is not there."""


class Deadline:
    """A moment after which a call gives up.

    Args:
        seconds: from now.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until then; negative after it."""
        return self._end - time.monotonic()


class Connection:
    """Calls of MLflow's client for one server.

    Args:
        uri: of the registry, with the scheme mlflow+http or mlflow+https.
        client: instead of one for that server.
    """

    def __init__(self, uri: str, client: MlflowClient | None = None) -> None:
        self.uri = uri
        address = uri.removeprefix("mlflow+").rstrip("/")
        self._client = client or MlflowClient(tracking_uri=address, registry_uri=address)

    def call(
        self,
        function: Callable[[MlflowClient], Answer],
        deadline: Deadline,
        *,
        seconds: float = REQUEST_SECONDS,
    ) -> Answer:
        """Calls the client, again while the server's database is busy.

        Args:
            function: makes requests of which each may be made twice.
            deadline: of all tries.
            seconds: for each request, less where less is left.

        Raises:
            ExistsError: the server says so.
            MissingError: the server says so.
            RegistryUnavailableError: it does not answer in time, or cannot do it now.
            RegistryError: it refuses what it was given.
        """
        while True:
            left = deadline.left()
            if left <= 0:
                raise RegistryUnavailableError(f"{self.uri} does not answer in time")
            try:
                with _limited(min(seconds, left)):
                    return function(self._client)
            except MlflowException as error:
                code = error.error_code
                if code == "RESOURCE_ALREADY_EXISTS":
                    raise ExistsError(error.message) from error
                if code == "RESOURCE_DOES_NOT_EXIST":
                    raise MissingError(error.message) from error
                if code == "INVALID_PARAMETER_VALUE":  # it will not be taken later either
                    raise RegistryError(f"{self.uri} refuses: {_first(error.message)}") from error
                if code not in _BUSY or deadline.left() <= _RETRY_SECONDS:
                    raise self._unavailable(error.message) from error
            except OSError as error:  # requests' own, of uploads
                raise self._unavailable(str(error)) from error
            time.sleep(_RETRY_SECONDS)

    def _unavailable(self, reason: str) -> RegistryUnavailableError:
        return RegistryUnavailableError(f"{self.uri} cannot be used: {_first(reason)}")


def _first(reason: str) -> str:
    lines = reason.strip().splitlines()
    return lines[0][:300] if lines else "no reason is told"


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Sets what MLflow's client takes from the environment, and puts it back.

    One call of this process at a time, or one would have the limits of another.
    """
    settings = {
        "MLFLOW_HTTP_REQUEST_TIMEOUT": str(max(1, math.ceil(seconds))),
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    }
    with _TURNS:
        former = {name: os.environ.get(name) for name in settings}
        os.environ.update(settings)
        try:
            yield
        finally:
            for name, value in former.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
