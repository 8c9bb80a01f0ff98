"""The options of the development server."""

from __future__ import annotations

import dataclasses
import os

from serving.protocol import ConfigError, ServerTls
from serving.protocol.tensors import TensorLimits
from serving.server.batching import BatchingOptions
from serving.server.request_log import RequestLogOptions
from serving.server.versions import WatchOptions


@dataclasses.dataclass(frozen=True)
class ServerOptions:
    """Options of a server; the names of TF Serving's flags are in parentheses.

    Attributes:
        host: address to bind to; by default only this machine can connect.
        port: gRPC port, 0 for a free one.
        monitoring_port: HTTP port for metrics, liveness and readiness; None for none.
        max_message_size: most bytes of a request or an answer.
        max_rows: most rows of a request's inputs.
        limits: most columns and elements of an input; `limits.max_elements` bounds the inputs of a
            batch too, with their padding.
        max_held_elements: most elements of all requests that wait or run, 64 bytes of a request
            counting as one; more are refused.
        max_workers: requests run at the same time where they are not batched (grpc_max_threads);
            None chooses.
        batching: how requests are batched (enable_batching, batching_parameters_file), or None.
        tls: certificate (ssl_config_file); None serves in plain text.
        watch: how versions are looked for.
        allow_version_labels_for_unavailable_models: whether labels may be given early.
        enable_model_warmup: whether warm-up requests in a SavedModel are run.
        session_parallelism: threads within and between operations
            (tensorflow_session_parallelism); 0 lets TensorFlow choose.
        config_file: model configuration file to follow (model_config_file), or None.
        config_poll_seconds: time between two looks at it (model_config_file_poll_wait_seconds); 0
            for never.
        request_log: how requests are logged.
    """

    host: str = "127.0.0.1"
    port: int = 8500
    monitoring_port: int | None = None
    max_message_size: int = 64 * 2**20
    max_rows: int = 1000
    limits: TensorLimits = dataclasses.field(default_factory=TensorLimits)
    max_held_elements: int = 4_000_000
    max_workers: int | None = None
    batching: BatchingOptions | None = None
    tls: ServerTls | None = None
    watch: WatchOptions = dataclasses.field(default_factory=WatchOptions)
    allow_version_labels_for_unavailable_models: bool = False
    enable_model_warmup: bool = True
    session_parallelism: int = 0
    config_file: str | None = None
    config_poll_seconds: float = 0.0
    request_log: RequestLogOptions = dataclasses.field(default_factory=RequestLogOptions)

    def __post_init__(self) -> None:
        if self.max_rows < 1:
            raise ConfigError(f"max_rows must be at least 1; was {self.max_rows}")
        if self.max_held_elements < self.limits.max_elements:
            raise ConfigError(
                f"max_held_elements must be at least max_elements ({self.limits.max_elements}); "
                f"was {self.max_held_elements}"
            )

    @property
    def workers(self) -> int:
        """Threads that run requests."""
        if self.max_workers:
            return self.max_workers
        return max(8, 4 * (os.cpu_count() or 1))
