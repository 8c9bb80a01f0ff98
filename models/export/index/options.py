"""What can be set of an index; without TensorFlow, so that a configuration is checked quickly."""

from __future__ import annotations

from typing import Literal

import pydantic

from schema.signatures import MAX_RECOMMENDATIONS


class IndexOptions(pydantic.BaseModel):
    """How the best tracks are found among all."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    kind: Literal["brute_force", "partitioned"] = pydantic.Field(
        default="brute_force",
        description="Score every track, or only those of the most promising partitions. Families "
        "whose scores are not dot products are always searched by brute force.",
    )
    partitions: int | None = pydantic.Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="Groups of similar tracks; null: 12 sqrt(catalogue).",
    )
    probes: int | None = pydantic.Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="Partitions that a query looks into; null: as few as give min_recall.",
    )
    shortlist: int = pydantic.Field(
        default=600,
        ge=1,
        le=1_000_000,
        description="Tracks that are scored again exactly; at least as many as are recommended.",
    )
    precision: Literal["float32", "float16"] = pydantic.Field(
        default="float32", description="Of the vectors for exact scores; float16 halves them."
    )
    min_recall: float = pydantic.Field(
        default=0.95,
        gt=0,
        le=1,
        description="Share of brute force's best tracks that the index must find or be refused.",
    )
    recall_depth: int = pydantic.Field(
        default=MAX_RECOMMENDATIONS,
        ge=1,
        le=MAX_RECOMMENDATIONS,
        description="How many of the best tracks min_recall is about; all that are recommended "
        "by default.",
    )
    recall_queries: int = pydantic.Field(
        default=512, ge=2, le=100_000, description="Playlists that recall is measured on, at most."
    )
    on_low_recall: Literal["fail", "brute_force"] = pydantic.Field(
        default="fail",
        description="What to do with an index below min_recall: stop the run, or export without.",
    )
