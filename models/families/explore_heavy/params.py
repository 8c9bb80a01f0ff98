"""What can be set of exploration."""

from __future__ import annotations

import pydantic

from models.families.two_tower import Params as RetrievalParams
from schema.signatures import MAX_RECOMMENDATIONS


class Params(pydantic.BaseModel):
    """Hyperparameters; with both weights at 0 it recommends what the towers do."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    retrieval: RetrievalParams = pydantic.Field(
        default=RetrievalParams(), description="Of the first stage, a two_tower model."
    )
    depth: int = pydantic.Field(
        default=1000,
        ge=MAX_RECOMMENDATIONS,
        le=4000,
        description="Candidates that are ranked again; each pair of them is compared.",
    )
    novelty: float = pydantic.Field(
        default=0.1,
        ge=0,
        le=10,
        description="Weight of a candidate's novelty, -log2 of its share of playlists, as a share "
        "of the highest possible; its score counts from 0 to 1. 0 is off.",
    )
    diversity: float = pydantic.Field(
        default=0.1,
        ge=0,
        le=10,
        description="Weight of how much a candidate is like those before it, from 0 to about 1, "
        "which is taken off. 0 is off.",
    )
