"""Results of earlier runs by what they were made from, as Vertex's cache has them."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from typing import Any

from tfx.dsl.io import fileio

from schema import files


def key_of(
    component: Mapping[str, Any],
    container: Mapping[str, Any],
    parameters: Mapping[str, Any],
    inputs: Mapping[str, Any],
) -> str:
    """Returns what two executions have in common whose results are the same.

    Args:
        component: of the specification.
        container: its container, image and command.
        parameters: with what was looked up.
        inputs: artifacts by key; they count by their names.
    """
    names = {key: [each["name"] for each in group["artifacts"]] for key, group in inputs.items()}
    command = {key: container.get(key) for key in ("image", "command", "args", "env")}
    text = json.dumps([component, command, parameters, names], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class ResultsCache:
    """Output artifacts by key, in a JSON file.

    Args:
        path: of the file, made where it is missing; None: nothing is kept.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known: dict[str, dict[str, Any]] = {}
        if path and os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self._known = json.load(file)

    def find(self, key: str) -> dict[str, Any] | None:
        """Returns the outputs that are still there; None where there are none."""
        found = self._known.get(key)
        if found is None or not all(fileio.exists(each["uri"]) for each in found.values()):
            return None
        return found

    def keep(self, key: str, outputs: dict[str, Any]) -> None:
        """Keeps the outputs of an execution that succeeded."""
        with self._lock:
            self._known[key] = outputs
            if self._path:
                files.write_text(self._path, json.dumps(self._known, indent=1))
