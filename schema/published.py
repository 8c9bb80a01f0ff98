"""The JSON Schema of each document, of the status of commands, and of events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from schema.documents import ComparisonMetrics, RunDetails, RunMetrics
from schema.events import AnyEvent
from schema.status import StatusLine

FOLDER: Final = Path(__file__).parent / "json"
PUBLISHED: Final[dict[str, type[BaseModel]]] = {
    "metrics.schema.json": RunMetrics,
    "details.schema.json": RunDetails,
    "comparison.schema.json": ComparisonMetrics,
    "status.schema.json": StatusLine,
    "event.schema.json": AnyEvent,
}


def json_schema(kind: type[BaseModel]) -> str:
    """The JSON Schema of what is written."""
    return json.dumps(kind.model_json_schema(mode="serialization"), indent=1) + "\n"
