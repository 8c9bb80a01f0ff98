"""Features of listeners and tracks: a room a view, and partitions of all of them."""

from listening.features.checks import SeriousAnomalyError
from listening.features.finishing import Built, Finished, finish
from listening.features.partitions import Draft, Partition

__all__ = [
    "Built",
    "Draft",
    "Finished",
    "Partition",
    "SeriousAnomalyError",
    "audio",
    "catalogue",
    "counts",
    "erasing",
    "finish",
    "heard",
    "history",
    "model_time",
    "partitions",
    "social",
    "sorting",
    "vectors",
    "window",
]
