"""What can be set of the item-kNN family."""

from __future__ import annotations

from typing import Literal

import pydantic


class Params(pydantic.BaseModel):
    """Hyperparameters; the defaults are the best of those tried on real playlists.

    The exported model holds up to `neighbours` pairs a track, 8 bytes each.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    similarity: Literal["bm25", "cosine"] = pydantic.Field(
        default="bm25", description="How two tracks are compared by the playlists that hold them."
    )
    neighbours: int = pydantic.Field(
        default=200,
        ge=1,
        le=5000,
        description="Most similar tracks that a track keeps, itself included.",
    )
    bm25_k1: float = pydantic.Field(
        default=1.2, gt=0, description="BM25: how soon a count saturates."
    )
    bm25_b: float = pydantic.Field(
        default=0.1,
        ge=0,
        le=1,
        description="BM25: how much popular tracks are held back, 0 not at all.",
    )
    title_fallback: bool = pydantic.Field(
        default=True, description="Answer a playlist without known seeds by similar titles."
    )
