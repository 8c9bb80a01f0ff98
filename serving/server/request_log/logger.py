"""Logs requests by one configuration: samples them, and has them written by a thread of its own."""

from __future__ import annotations

import collections
import logging
import random
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2
from tensorflow_serving.config import logging_config_pb2

from serving.server.request_log.log_files import LogFiles
from serving.server.request_log.options import RequestLogOptions

_LOG = logging.getLogger(__name__)

#: How a request to be logged ended, for the metrics.
WRITTEN, DROPPED, FAILED = "written", "dropped", "failed"


class _Answered(NamedTuple):
    request: predict_pb2.PredictRequest
    response: bytes
    second: int
    size: int


class RequestLogger:
    """Takes requests that were answered, and never makes one wait.

    Args:
        config: where to, and which share.
        options: bounds.
        count: called with how requests that were to be logged ended, and how many.
    """

    def __init__(
        self,
        config: logging_config_pb2.LoggingConfig,
        options: RequestLogOptions,
        count: Callable[[str, int], None],
    ) -> None:
        self._sampling = config.sampling_config
        self._options = options
        self._count = count
        self._files = LogFiles(
            config.log_collector_config.filename_prefix,
            options.max_file_bytes,
            options.max_file_seconds,
            lambda in_place, records: count(WRITTEN if in_place else FAILED, records),
        )
        self._changed = threading.Condition()
        self._waiting: collections.deque[_Answered] = collections.deque()
        self._bytes = 0
        self._closing = False
        self._reported = ""
        self._thread = threading.Thread(target=self._run, name="request-log", daemon=True)
        self._thread.start()

    def log(self, request: predict_pb2.PredictRequest, response: bytes) -> None:
        """Logs a request, if chance and room allow.

        Args:
            request: it must not be changed any more.
            response: its answer, a serialised `PredictResponse`.
        """
        if random.random() >= self._sampling.sampling_rate:
            return
        size = request.ByteSize() + len(response)
        with self._changed:
            full = (
                len(self._waiting) >= self._options.max_waiting
                or self._bytes + size > self._options.max_waiting_bytes
            )
            if not full and not self._closing:
                self._waiting.append(_Answered(request, response, int(time.time()), size))
                self._bytes += size
                self._changed.notify()
                return
        self._count(DROPPED, 1)

    def close(self) -> None:
        """Has the rest written, and then the thread end; see `join`."""
        with self._changed:
            self._closing = True
            self._changed.notify()

    def join(self, timeout: float) -> None:
        """Waits for the thread to end after `close`, so many seconds at most."""
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._waiting or self._closing, self._files.seconds_left()
                )
                answered = self._waiting.popleft() if self._waiting else None
                closing = self._closing
            try:
                if answered is not None:
                    self._files.write(self._record(answered))
                if self._files.seconds_left() == 0 or (closing and answered is None):
                    self._files.finish()
            except tf.errors.OpError as error:
                # At every request it would be the same.
                if error.message != self._reported:
                    _LOG.error("Requests cannot be logged: %s", error.message)
                self._reported = error.message
            if answered is not None:
                with self._changed:
                    self._bytes -= answered.size
            elif closing:
                return

    def _record(self, answered: _Answered) -> bytes:
        """A serialised `PredictionLog`; its metadata is what TF Serving writes."""
        log = prediction_log_pb2.PredictionLog()
        log.predict_log.request.CopyFrom(answered.request)
        log.predict_log.response.ParseFromString(answered.response)
        log.log_metadata.model_spec.CopyFrom(log.predict_log.response.model_spec)
        log.log_metadata.sampling_config.CopyFrom(self._sampling)
        log.log_metadata.saved_model_tags.append("serve")
        log.log_metadata.timestamp_secs = answered.second
        return log.SerializeToString()
