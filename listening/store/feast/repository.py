"""The folder that Feast reads: its configuration and the description of the views.

`feast serve`, `feast ui` and the like, of Feast's own environment, work in it.
"""

from __future__ import annotations

import os
import pathlib

import yaml

from listening.store.feast.columns import described
from listening.store.feast.offline import Offline
from listening.store.feast.place import PASSWORD, Place
from schema.files import write_text
from schema.tables import FEATURE_VIEWS


def write(place: Place, offline: Offline) -> str:
    """Writes what is not there yet, or not as it is to be.

    Returns:
        The folder.
    """
    folder = os.path.abspath(os.path.join(place.root, "repository"))
    sources = {name: offline.source(view) for name, view in FEATURE_VIEWS.items()}
    _keep(os.path.join(folder, "feature_store.yaml"), yaml.safe_dump(_configuration(place)))
    _keep(os.path.join(folder, "views.json"), described(sources, place.ttl_days))
    return folder


def _configuration(place: Place) -> dict[str, object]:
    # Feast puts the variable's value in when it reads the file.
    password = f",password=${{{PASSWORD}}}" if os.environ.get(PASSWORD) else ""
    offline: dict[str, str] = {"type": "duckdb"}
    if place.dataset is not None:
        project, _, dataset = place.dataset.partition(".")
        offline = {"type": "bigquery", "project_id": project, "dataset": dataset}
    return {
        "project": place.project,
        "provider": "local",
        "registry": "registry.db",
        "offline_store": offline,
        "online_store": {"type": "redis", "connection_string": f"{place.redis}{password}"},
        "entity_key_serialization_version": 3,
    }


def _keep(path: str, text: str) -> None:
    file = pathlib.Path(path)
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return
    write_text(path, text)
