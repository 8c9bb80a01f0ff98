"""How requests are logged, beyond what a model's `LoggingConfig` says."""

from __future__ import annotations

import dataclasses
import math

from serving.protocol import ConfigError


@dataclasses.dataclass(frozen=True)
class RequestLogOptions:
    """Options of the request log.

    Attributes:
        directory: where models are logged whose configuration has no `logging_config`, in files
            that begin with the model's name; None logs only those that have one.
        sampling_rate: share of their requests that is logged.
        max_file_bytes: a file of so many bytes is put in place, and another one begun.
        max_file_seconds: so is one that was begun so long ago.
        max_waiting: most requests that wait to be written; a request beyond them is not logged.
        max_waiting_bytes: most bytes of these requests and their answers.
    """

    directory: str | None = None
    sampling_rate: float = 0.01
    max_file_bytes: int = 64 * 2**20
    max_file_seconds: float = 300.0
    max_waiting: int = 1000
    max_waiting_bytes: int = 64 * 2**20

    def __post_init__(self) -> None:
        check_rate(self.sampling_rate, "sampling_rate")
        for name in ("max_file_bytes", "max_file_seconds", "max_waiting", "max_waiting_bytes"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be more than 0; was {getattr(self, name)}")


def check_rate(rate: float, origin: str) -> None:
    """Checks a share of requests.

    Raises:
        ConfigError: it is not from 0 to 1; names `origin`.
    """
    if math.isnan(rate) or not 0 <= rate <= 1:
        raise ConfigError(f"{origin} must be from 0 to 1; was {rate}")
