"""What can be set of the ALS family, and what tuning may change of that."""

from __future__ import annotations

import pydantic

from models.families.search_space import Choice, Real, SearchSpace


class Params(pydantic.BaseModel):
    """Hyperparameters; the defaults are the best of those tried on real playlists."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    factors: int = pydantic.Field(
        default=128, ge=1, le=1024, description="Length of a track's vector."
    )
    regularization: float = pydantic.Field(
        default=20.0,
        gt=0,
        le=1e6,
        description="Pull of every vector towards zero (lambda in the paper).",
    )
    alpha: float = pydantic.Field(
        default=40.0,
        ge=1,
        le=1e6,
        description="Confidence in a track that is there; an absent one has 1.",
    )
    iterations: int = pydantic.Field(
        default=8, ge=1, le=1000, description="Rounds over both sides."
    )
    warm_iterations: int = pydantic.Field(
        default=2,
        ge=1,
        le=1000,
        description="Rounds at most where training starts from the served model (start_from).",
    )
    title_fallback: bool = pydantic.Field(
        default=True, description="Answer a playlist without known seeds by similar titles."
    )


def search_space(params: Params) -> SearchSpace:
    """The parameters of the factorisation, in ranges around the best known values."""
    del params
    return (
        Choice("factors", (64, 96, 128, 192, 256)),
        Real("regularization", 1.0, 100.0, log=True),
        Real("alpha", 5.0, 100.0, log=True),
        Choice("iterations", (4, 6, 8, 12, 16)),
    )
