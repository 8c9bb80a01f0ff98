"""What can be set of the item-kNN family, and what tuning may change of that."""

from __future__ import annotations

from typing import Literal

import pydantic

from models.families.search_space import Choice, Dimension, Real, SearchSpace


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
        default=1.2, gt=0, le=1000, description="BM25: how soon a count saturates."
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


def search_space(params: Params) -> SearchSpace:
    """The number of neighbours, and BM25's own parameters where that is the similarity."""
    space: list[Dimension] = [Choice("neighbours", (50, 100, 200, 400, 800))]
    if params.similarity == "bm25":
        space += [Real("bm25_k1", 0.3, 5.0, log=True), Real("bm25_b", 0.0, 0.6)]
    return tuple(space)
