"""What can be set of the ALS family."""

from __future__ import annotations

import pydantic


class Params(pydantic.BaseModel):
    """Hyperparameters; the defaults are the best of those tried on real playlists."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    factors: int = pydantic.Field(
        default=128, ge=1, le=1024, description="Length of a track's vector."
    )
    regularization: float = pydantic.Field(
        default=20.0, gt=0, description="Pull of every vector towards zero (lambda in the paper)."
    )
    alpha: float = pydantic.Field(
        default=40.0, ge=1, description="Confidence in a track that is there; an absent one has 1."
    )
    iterations: int = pydantic.Field(
        default=8, ge=1, le=1000, description="Rounds over both sides."
    )
    title_fallback: bool = pydantic.Field(
        default=True, description="Answer a playlist without known seeds by similar titles."
    )
