"""The curated schema of playlists, `schema.pbtxt`, wherever the package is installed."""

from __future__ import annotations

from importlib import resources
from typing import Final

#: Its name, here and in every artifact that holds a schema.
SCHEMA_FILE: Final = "schema.pbtxt"


def curated_schema_path() -> str:
    """Where the schema lies, a text proto of `tensorflow_metadata.proto.v0.Schema`."""
    return str(resources.files("schema").joinpath(SCHEMA_FILE))


def curated_schema() -> str:
    """The schema itself."""
    return resources.files("schema").joinpath(SCHEMA_FILE).read_text(encoding="utf-8")
