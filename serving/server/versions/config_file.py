"""Follows a model configuration file while a server runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from serving.protocol import ConfigError, ModelServerConfig, ServingError
from serving.protocol.model_config import read_model_config

_LOG = logging.getLogger(__name__)


class ConfigFileWatcher:
    """Reads the file from time to time and puts it in force when it has changed.

    A file that cannot be used is reported, and leaves the configuration as it is.

    Args:
        path: the file, in force already.
        reload: puts a configuration in force.
        poll_seconds: time between two looks.
    """

    def __init__(
        self, path: str, reload: Callable[[ModelServerConfig], None], poll_seconds: float
    ) -> None:
        self._path = path
        self._reload = reload
        self._poll_seconds = poll_seconds
        self._current = read_model_config(path)
        self._reported = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="config-file", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the watch."""
        self._stopping.set()
        self._thread.join(timeout=self._poll_seconds)

    def _run(self) -> None:
        while not self._stopping.wait(self._poll_seconds):
            try:
                found = read_model_config(self._path)
                if found != self._current:
                    self._reload(found)
                    self._current = found
                    _LOG.info("%s has changed and is in force", self._path)
            except (ConfigError, ServingError) as error:
                # Tried again at the next look: a label may only wait for its version to load.
                if str(error) != self._reported:
                    _LOG.error("%s is not in force: %s", self._path, error)
                self._reported = str(error)
            else:
                self._reported = ""
