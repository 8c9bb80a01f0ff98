"""What can be set of the blend of popularity and factors."""

from __future__ import annotations

import pydantic

from models.families.als import Params as FactorParams


class Params(pydantic.BaseModel):
    """Hyperparameters."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    factors: FactorParams = pydantic.Field(
        default=FactorParams(),
        description="Of the factorisation, an als model.",
    )
    pivot: float = pydantic.Field(
        default=10.0,
        gt=0,
        le=1e6,
        description="Plays at which factors and popularity weigh the same: factors have h / (h + "
        "pivot) after h plays.",
    )
