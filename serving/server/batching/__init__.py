"""Requests that wait for each other share a run of the model."""

from serving.server.batching.options import (
    BatchingOptions,
    batching_of,
    read_batching_parameters,
)
from serving.server.batching.scheduler import BatchingRunner, BatchScheduler, Done

__all__ = [
    "BatchScheduler",
    "BatchingOptions",
    "BatchingRunner",
    "Done",
    "batching_of",
    "read_batching_parameters",
]
