"""The port of what keeps account of runs, pushed or not."""

from __future__ import annotations

import abc

from schema.tracking import TrackedRun


class Tracker(abc.ABC):
    """Keeps account of runs and of the trials of their searches.

    Each adapter passes `tests/serving/registry/test_trackers.py`.

    Attributes:
        uri: what it was opened with.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri

    @abc.abstractmethod
    def track(self, run: TrackedRun) -> None:
        """Keeps a run and copies of its files.

        The same run again changes nothing, and completes what was cut short.

        Args:
            run: its experiment, key and parameters stay what they were.

        Raises:
            RegistryUnavailableError: it does not answer in time; later it may.
            RegistryError: a file cannot be read.
        """
