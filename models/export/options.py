"""What can be set of an export; without TensorFlow, so that a configuration is checked quickly."""

from __future__ import annotations

import pydantic

from models.export.index import IndexOptions


class ExportOptions(pydantic.BaseModel):
    """How a model is exported, whatever its family."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    rows_per_step: int = pydantic.Field(
        default=8,
        ge=1,
        le=1024,
        description="Playlists that serving_default scores at once: more is faster for big "
        "batches, slower for single playlists.",
    )
    index: IndexOptions = IndexOptions()
    warmup: bool = pydantic.Field(
        default=True,
        description="Whether requests that TF Serving warms up with are put into the model.",
    )
