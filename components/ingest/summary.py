"""The artifact `summary`: what an ingest gave."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Final

from tfx import types
from tfx.utils import io_utils

from components.ingest.manifest import IngestResult
from schema import artifacts

_FILE: Final = "ingest.json"


def write(summary: types.Artifact, result: IngestResult) -> None:
    """Writes the counts into the artifact, and its line on it."""
    content = json.dumps(dataclasses.asdict(result), indent=1)
    io_utils.write_string_file(os.path.join(summary.uri, _FILE), content)
    summary.set_string_custom_property(artifacts.SUMMARY, result.summary())


def read(summary: types.Artifact) -> IngestResult:
    """Reads what `write` wrote."""
    return IngestResult(**json.loads(io_utils.read_string_file(os.path.join(summary.uri, _FILE))))
