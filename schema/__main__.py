"""Writes the published JSON Schemas anew: `python -m schema`."""

from schema.published import FOLDER, PUBLISHED, json_schema

for name, document in PUBLISHED.items():
    (FOLDER / name).write_text(json_schema(document), encoding="utf-8")
