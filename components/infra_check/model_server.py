"""Serves a model by the development server in another process.

Another process, because a bad model may crash or block the one that loads it. A server rather
than a loaded SavedModel, because requests then take the same way as in production: names,
types and shapes of the signatures, warm-up requests, serialisation.
"""

from __future__ import annotations

import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import IO, Any, Final, TypeVar

import grpc
from absl import logging
from tensorflow_serving.apis import predict_pb2
from tfx.utils import io_utils

from components.infra_check.serve_model import MODEL_NAME
from serving.client import ConnectionOptions, RecommenderClient
from serving.protocol import ServingError

_VERSION: Final = "1"
_LOG_TAIL: Final = 2000

_T = TypeVar("_T")


class ServerGoneError(RuntimeError):
    """The server did not start, ended, or missed a deadline; further requests are useless."""


class RefusedError(RuntimeError):
    """The server answered a request with an error."""


class ModelServerProcess:
    """Serves a copy of a SavedModel for as long as the context lasts.

    A copy, because what is pushed is one too: a model that needs a file outside its directory
    fails here.

    Args:
        model_dir: the SavedModel, local or remote.
        timeout: seconds for everything; a single request may take a tenth of them.

    Attributes:
        log: the end of what the process wrote, once it has ended.
    """

    def __init__(self, model_dir: str, timeout: float) -> None:
        self.log = ""
        self._model_dir = model_dir
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._client: RecommenderClient | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="infra-check-")
        self._log: IO[bytes] = open(pathlib.Path(self._folder.name, "log"), "w+b")  # noqa: SIM115

    def __enter__(self) -> ModelServerProcess:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def signatures(self) -> Mapping[str, Any]:
        """SignatureDefs by name, as the server knows them.

        Raises:
            ServerGoneError: it did not answer.
            RefusedError: it answered with an error.
        """
        return self._ask(lambda client, timeout: client.signatures(timeout)).signature_def

    def predict(self, request: predict_pb2.PredictRequest) -> predict_pb2.PredictResponse:
        """Asks the model; raises as `signatures`."""
        request.model_spec.name = MODEL_NAME
        return self._ask(lambda client, timeout: client.predict(request, timeout))

    def stop(self) -> None:
        """Ends the process and removes the copy."""
        if self._client:
            self._client.close()
        process, self._process = self._process, None
        if process:
            # It holds nothing worth saving, and a model that hangs would not stop when asked.
            process.kill()
            process.communicate()
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - _LOG_TAIL))
        self.log = self._log.read().decode("utf-8", "replace")
        self._log.close()
        self._folder.cleanup()

    def _start(self) -> None:
        base = os.path.join(self._folder.name, MODEL_NAME)
        io_utils.copy_dir(self._model_dir, os.path.join(base, _VERSION))
        process = subprocess.Popen(  # noqa: S603 - this interpreter, this package
            [sys.executable, "-m", "components.infra_check.serve_model", base],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            # A fresh interpreter may not find this package where this one did.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self._process = process
        assert process.stdout is not None
        if not select.select([process.stdout], [], [], self._left())[0]:
            raise ServerGoneError("the model was not loaded in time")
        line = process.stdout.readline()
        if not line:
            raise ServerGoneError(self._end_of_process("while it loaded the model"))
        said = json.loads(line)
        if "error" in said:
            raise ServerGoneError(said["error"].replace(base + os.sep, ""))
        logging.info("The model is served at port %d", said["port"])
        self._client = RecommenderClient(
            f"127.0.0.1:{said['port']}", model=MODEL_NAME, options=ConnectionOptions(attempts=1)
        )

    def _ask(self, call: Callable[[RecommenderClient, float], _T]) -> _T:
        assert self._client is not None
        try:
            return call(self._client, min(self._left(), self._timeout / 10))
        except ServingError as error:
            refusal = error
        if refusal.code is grpc.StatusCode.DEADLINE_EXCEEDED:
            raise ServerGoneError("got no answer in time")
        if refusal.code is grpc.StatusCode.UNAVAILABLE:
            raise ServerGoneError(self._end_of_process("while it was asked"))
        raise RefusedError(f"is refused: {refusal}")

    def _end_of_process(self, when: str) -> str:
        assert self._process is not None
        try:
            code = self._process.wait(timeout=min(self._left(), 10))
        except subprocess.TimeoutExpired:
            return f"the server closed its connections {when}"
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        return f"the server ended {how} {when}"

    def _left(self) -> float:
        return max(0.0, self._deadline - time.monotonic())
