"""Features of listeners and tracks: a room a view, and partitions of all of them."""

from listening.features.partitions import Partition

__all__ = ["Partition", "history", "partitions", "social"]
