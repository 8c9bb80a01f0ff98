"""The view `listening_history`: what each listener did in the days before a cut."""

from listening.features.history.job import HistoryOptions, build

__all__ = ["HistoryOptions", "build"]
