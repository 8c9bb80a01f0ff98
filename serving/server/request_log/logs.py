"""Which models' requests are logged, by the server's configuration."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import Final

from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.config import logging_config_pb2

from serving.protocol import ConfigError, ModelConfig, ModelServerConfig, errors, model_config
from serving.server.request_log.logger import FAILED, RequestLogger
from serving.server.request_log.options import RequestLogOptions, check_rate

_LOG = logging.getLogger(__name__)

#: Types of `log_collector_config`: stock TF Serving has a collector for none.
_TYPES: Final = ("", "file")
_CLOSE_SECONDS: Final = 30.0


class RequestLogs:
    """The loggers of a server; models with equal configurations share one, as in TF Serving.

    Args:
        options: bounds, and what holds for models without a `logging_config`.
        count: called with how requests that were to be logged ended, and how many.
    """

    def __init__(self, options: RequestLogOptions, count: Callable[[str, int], None]) -> None:
        self._options = options
        self._count = count
        self._by_config: dict[bytes, RequestLogger] = {}
        # Replaced as a whole, so that requests read it without a lock.
        self._by_model: Mapping[str, RequestLogger] = {}
        self._ending: list[RequestLogger] = []

    def update(self, config: ModelServerConfig) -> None:
        """Puts a configuration in force, whole or not at all.

        Raises:
            ServingError: a `logging_config` cannot be used.
        """
        wanted = {}
        for entry in config.model_config_list.config:
            logging_config = self._of(entry)
            if logging_config.sampling_config.sampling_rate > 0:
                wanted[entry.name] = logging_config
        by_config: dict[bytes, RequestLogger] = {}
        by_model = {}
        for name, logging_config in wanted.items():
            key = logging_config.SerializeToString(deterministic=True)
            if key not in by_config:
                by_config[key] = self._by_config.get(key) or RequestLogger(
                    logging_config, self._options, self._count
                )
            by_model[name] = by_config[key]
        gone = [logger for key, logger in self._by_config.items() if key not in by_config]
        self._by_config, self._by_model = by_config, by_model
        for logger in gone:
            logger.close()
        self._ending += gone

    def log(self, request: predict_pb2.PredictRequest, response: bytes) -> None:
        """Logs a request that was answered, if its model is logged; never raises.

        Args:
            request: the request.
            response: its answer, a serialised `PredictResponse`.
        """
        logger = self._by_model.get(request.model_spec.name)
        if logger is None:
            return
        try:
            logger.log(request, response)
        except Exception:  # whatever happens here, the request has its answer
            _LOG.exception("A request was not logged")
            self._count(FAILED, 1)

    def close(self) -> None:
        """Puts every file in place."""
        self.update(ModelServerConfig())
        for logger in self._ending:
            logger.join(_CLOSE_SECONDS)

    def _of(self, entry: ModelConfig) -> logging_config_pb2.LoggingConfig:
        """How a model is logged; with a rate of 0 where it is not.

        Raises:
            ServingError: its configuration cannot be used.
        """
        found = logging_config_pb2.LoggingConfig()
        if not entry.HasField("logging_config"):
            if self._options.directory is not None:
                prefix = os.path.join(self._options.directory, entry.name)
                found.log_collector_config.filename_prefix = model_config.absolute_path(prefix)
                found.sampling_config.sampling_rate = self._options.sampling_rate
            return found
        found.CopyFrom(entry.logging_config)
        collector = found.log_collector_config
        if collector.type not in _TYPES:
            raise errors.not_found(f"Cannot find LogCollector::Factory for type: {collector.type}")
        where = f"logging_config of model {entry.name}"
        if not collector.filename_prefix:
            raise errors.invalid_argument(f"{where}: log_collector_config has no filename_prefix")
        try:
            check_rate(found.sampling_config.sampling_rate, f"{where}: sampling_rate")
        except ConfigError as error:
            raise errors.invalid_argument(str(error)) from error
        collector.filename_prefix = model_config.absolute_path(collector.filename_prefix)
        return found
