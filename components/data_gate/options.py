"""What the data must be before anything is trained."""

from __future__ import annotations

import os
from typing import Literal

import pydantic

from schema.options import Options

FailOn = Literal["error", "warning", "never"]


class ValidationOptions(Options):
    """What the data must be before anything is trained."""

    fail_on: FailOn = pydantic.Field(
        "error", description="least severity of an anomaly that stops the run"
    )
    tolerated: tuple[str, ...] = pydantic.Field(
        (), description="features or kinds of anomalies that never stop the run"
    )
    schema_file: str | None = pydantic.Field(
        None,
        description="a curated schema.pbtxt; null: Segue's own, for playlists "
        "or for listeners by holdout.of",
    )

    @pydantic.field_validator("schema_file")
    @classmethod
    def _schema_exists(cls, path: str | None) -> str | None:
        if path is not None and "://" not in path and not os.path.isfile(path):
            raise ValueError(f"there is no file {path}")
        return path
