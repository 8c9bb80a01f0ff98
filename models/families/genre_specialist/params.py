"""What can be set of the specialist."""

from __future__ import annotations

import pydantic

from models.families.als import Params as FactorParams


class Params(pydantic.BaseModel):
    """Hyperparameters."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    factors: FactorParams = pydantic.Field(
        default=FactorParams(), description="Of the factorisation, an als model."
    )
    clusters: int = pydantic.Field(
        default=16,
        ge=2,
        le=10_000,
        description="How many clusters tracks fall into; they stand for genres.",
    )
    share: float = pydantic.Field(
        default=0.8,
        gt=0,
        le=1,
        description="Of the seeds, how many the clusters hold that candidates come from first.",
    )
