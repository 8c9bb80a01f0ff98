"""The curated schemas of playlists and of feature views, wherever the package is installed."""

from __future__ import annotations

from importlib import resources
from typing import Final

#: Its name, here and in every artifact that holds a schema.
SCHEMA_FILE: Final = "schema.pbtxt"
#: The one where listeners are held out.
_LISTENERS_FILE: Final = "listeners.pbtxt"
_VIEWS: Final = "views"


def curated_schema_path(*, listeners: bool = False) -> str:
    """Where the schema lies, a text proto of `tensorflow_metadata.proto.v0.Schema`.

    Args:
        listeners: whether listeners are held out, who have no titles.
    """
    return str(resources.files("schema").joinpath(_LISTENERS_FILE if listeners else SCHEMA_FILE))


def curated_schema() -> str:
    """The schema itself."""
    return resources.files("schema").joinpath(SCHEMA_FILE).read_text(encoding="utf-8")


def curated_view(name: str) -> str:
    """The schema of a feature view, a text proto too.

    Args:
        name: one of `schema.tables.FEATURE_VIEWS`.
    """
    found = resources.files("schema").joinpath(f"{_VIEWS}/{name}.pbtxt")
    return found.read_text(encoding="utf-8")
