"""The view `heard`: every track that each listener ever played before a cut."""

from listening.features.heard.job import build

__all__ = ["build"]
