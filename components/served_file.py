"""What the ServedModel component found, as it lies in its artifact."""

from __future__ import annotations

import os
from typing import Final

from tfx import types
from tfx.utils import io_utils

from schema.documents import ServedModel

_NAME: Final = "served.json"


def read(model: types.Artifact) -> ServedModel:
    """Reads it; the artifact holds a model only where a comparison is made."""
    return ServedModel.model_validate_json(
        io_utils.read_string_file(os.path.join(model.uri, _NAME))
    )


def write(found: ServedModel, model: types.Artifact) -> None:
    """Writes it into the artifact."""
    text = found.model_dump_json(indent=1) + "\n"
    io_utils.write_string_file(os.path.join(model.uri, _NAME), text)
