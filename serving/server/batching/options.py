"""The options of request batching, in TF Serving's own format and with its defaults."""

from __future__ import annotations

import dataclasses
import itertools
import os
import pathlib
from typing import Any

from serving.protocol import BatchingParameters, ConfigError, read_text_proto


@dataclasses.dataclass(frozen=True)
class BatchingOptions:
    """What `--batching_parameters_file` may say; see batching/README.md of TF Serving.

    Attributes:
        max_batch_size: most rows of a request, and of a batch where nothing else limits it.
        batch_timeout_micros: how long an open batch waits for more rows.
        max_enqueued_batches: batches of a queue that may wait; beyond it requests are refused.
        num_batch_threads: batches run at the same time.
        allowed_batch_sizes: sizes that batches are padded to; empty for any size.
        pad_variable_length_inputs: whether shorter inputs are padded, or refused.
        enable_large_batch_splitting: whether a request may be spread over batches.
        max_execution_batch_size: most rows of a batch, with splitting.
    """

    max_batch_size: int = 1000
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = dataclasses.field(default_factory=lambda: os.cpu_count() or 1)
    allowed_batch_sizes: tuple[int, ...] = ()
    pad_variable_length_inputs: bool = False
    enable_large_batch_splitting: bool = False
    max_execution_batch_size: int | None = None

    def __post_init__(self) -> None:
        for name in ("max_batch_size", "max_enqueued_batches", "num_batch_threads"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1; was {getattr(self, name)}")
        if self.batch_timeout_micros < 0:
            raise ConfigError(
                f"batch_timeout_micros must not be negative; was {self.batch_timeout_micros}"
            )
        if not 1 <= self.execution_size <= self.max_batch_size:
            raise ConfigError(
                "max_execution_batch_size must be between 1 and max_batch_size "
                f"({self.max_batch_size}); was {self.execution_size}"
            )
        self._check_allowed_sizes()

    def _check_allowed_sizes(self) -> None:
        sizes = self.allowed_batch_sizes
        if not sizes:
            return
        if sizes[0] < 1 or any(b <= a for a, b in itertools.pairwise(sizes)):
            raise ConfigError(
                f"allowed_batch_sizes entries must be monotonically increasing; were {list(sizes)}"
            )
        if sizes[-1] != self.execution_size:
            raise ConfigError(
                "Last entry in allowed_batch_sizes must match max_batch_size (with splitting, "
                f"max_execution_batch_size); last entry was {sizes[-1]}; "
                f"expected {self.execution_size}"
            )

    @property
    def execution_size(self) -> int:
        """Most rows that are run together."""
        if self.enable_large_batch_splitting and self.max_execution_batch_size is not None:
            return self.max_execution_batch_size
        return self.max_batch_size

    @property
    def batch_timeout_seconds(self) -> float:
        """The timeout in seconds."""
        return self.batch_timeout_micros / 1e6

    def padded_size(self, size: int) -> int:
        """The smallest allowed batch size that holds `size` rows."""
        return next((allowed for allowed in self.allowed_batch_sizes if allowed >= size), size)


def read_batching_parameters(path: str | pathlib.Path) -> BatchingOptions:
    """Reads a text-format `BatchingParameters` file.

    Raises:
        ConfigError: it cannot be read, or a value is out of its range; names the file.
    """
    message = read_text_proto(path, BatchingParameters())
    values: dict[str, Any] = {}
    for field in dataclasses.fields(BatchingOptions):
        value = getattr(message, field.name)
        if hasattr(value, "DESCRIPTOR"):  # a wrapper, which knows whether it was set
            if message.HasField(field.name):
                values[field.name] = value.value
        else:
            values[field.name] = tuple(value) if field.name == "allowed_batch_sizes" else value
    try:
        return BatchingOptions(**values)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def batching_of(enabled: bool, parameters_file: str | None) -> BatchingOptions | None:
    """Reads the two flags of TF Serving, --enable_batching and --batching_parameters_file.

    Returns:
        The options, or None where requests are not batched.

    Raises:
        ConfigError: there is a file without the other flag, or it cannot be used.
    """
    if not enabled:
        if parameters_file:
            raise ConfigError(
                "batching_parameters_file is set without setting enable_batching to true"
            )
        return None
    return read_batching_parameters(parameters_file) if parameters_file else BatchingOptions()
