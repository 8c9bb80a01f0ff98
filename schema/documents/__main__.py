"""Writes the JSON Schema of each document: `python -m schema.documents`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from schema.documents import Document, RunDetails, RunMetrics

FOLDER: Final = Path(__file__).parents[1] / "json"
PUBLISHED: Final[dict[str, type[Document]]] = {
    "metrics.schema.json": RunMetrics,
    "details.schema.json": RunDetails,
}


def json_schema(kind: type[Document]) -> str:
    """A document's JSON Schema, as what `Document.to_json` writes."""
    return json.dumps(kind.model_json_schema(mode="serialization"), indent=1) + "\n"


if __name__ == "__main__":
    for name, document in PUBLISHED.items():
        (FOLDER / name).write_text(json_schema(document), encoding="utf-8")
