"""The view `heard`: every track that each listener ever played before a cut."""

from listening.features.heard.job import HeardBuilt, build

__all__ = ["HeardBuilt", "build"]
