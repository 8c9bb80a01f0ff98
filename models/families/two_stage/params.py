"""What can be set of the two-stage family, and what tuning may change of that."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import pydantic

from models.families.search_space import Real, SearchSpace
from models.families.two_tower import Params as TwoTowerParams
from models.families.two_tower import search_space as two_tower_search_space
from schema.signatures import MAX_RECOMMENDATIONS


class RetrievalParams(TwoTowerParams):
    """Of the first stage: by default it is solved for, without gradient steps."""

    epochs: int = pydantic.Field(default=0, ge=0, le=1000, description="Passes over train.")


class RankingParams(pydantic.BaseModel):
    """How the network that ranks candidates is taught."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    holdout_share: float = pydantic.Field(
        default=0.34,
        gt=0,
        lt=1,
        description="Playlists that are held out at once, at most; towers that retrieve for them "
        "are fitted to the others. It is done as often as max_playlists takes.",
    )
    max_playlists: int = pydantic.Field(
        default=6000,
        ge=1,
        le=1_000_000,
        description="How many the network learns from at most, those of stop first, which are at "
        "most a quarter; each takes (cuts + title_cuts) * 56 kB of memory.",
    )
    min_playlists: int = pydantic.Field(
        default=50,
        ge=1,
        le=1_000_000,
        description="With fewer than these there is no second stage.",
    )
    cuts: int = pydantic.Field(
        default=2,
        ge=1,
        le=100,
        description="How often each is divided again into seeds and withheld tracks.",
    )
    title_cuts: int = pydantic.Field(
        default=1,
        ge=0,
        le=100,
        description="How often each is shown by its title alone, beside that.",
    )
    first_negatives: int = pydantic.Field(
        default=160,
        ge=1,
        le=10_000,
        description="Candidates that were not withheld, drawn from the first 300.",
    )
    other_negatives: int = pydantic.Field(
        default=160, ge=1, le=10_000, description="And from the others; all count for those left."
    )
    hidden: tuple[Annotated[int, pydantic.Field(ge=1, le=4096)], ...] = pydantic.Field(
        default=(48, 48), max_length=4, description="Sizes of the network's hidden layers."
    )
    epochs: int = pydantic.Field(default=8, ge=1, le=1000, description="Passes over them at most.")
    batch_size: int = pydantic.Field(default=32, ge=1, le=4096, description="Playlists a step.")
    learning_rate: float = pydantic.Field(
        default=3e-3, gt=0, le=1, description="Adam's first rate; it falls to 0 as a cosine does."
    )
    l2: float = pydantic.Field(
        default=3e-4, ge=0, le=10, description="Pull of the network's weights towards zero."
    )
    patience: int = pydantic.Field(
        default=3,
        ge=1,
        le=1000,
        description="Epochs without a better NDCG on stop before training stops.",
    )


class FeatureParams(pydantic.BaseModel):
    """What bounds the tables that candidates are described by."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    neighbour_playlists: int = pydantic.Field(
        default=20_000,
        ge=1,
        le=1_000_000,
        description="Playlists whose vectors are compared with a query's.",
    )
    adjacent_playlists: int = pydantic.Field(
        default=100_000,
        ge=1,
        le=10_000_000,
        description="Playlists in which tracks that stand close to each other are counted.",
    )
    adjacent_tracks: int = pydantic.Field(
        default=64, ge=1, le=10_000, description="Such tracks that are kept of each track."
    )


class Params(pydantic.BaseModel):
    """Hyperparameters; the defaults are the best of those tried on real playlists."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    retrieval: RetrievalParams = pydantic.Field(
        default=RetrievalParams(), description="Of the first stage, a two_tower model."
    )
    depth: int = pydantic.Field(
        default=1500,
        ge=MAX_RECOMMENDATIONS,
        le=10_000,
        description="Candidates that the first stage passes on; "
        f"{MAX_RECOMMENDATIONS} are recommended.",
    )
    features: FeatureParams = pydantic.Field(
        default=FeatureParams(), description="Of what candidates are described by."
    )
    listening: bool = pydantic.Field(
        default=False,
        description="Whether candidates are also described by plays, their order and features of "
        "listeners, where there are any.",
    )
    ranking: RankingParams = pydantic.Field(
        default=RankingParams(), description="Of the second stage."
    )
    popularity_bias: float = pydantic.Field(
        default=0.0,
        ge=-10,
        le=10,
        description="Added to a candidate's score times log(count) / log(highest count): below 0 "
        "recommends more of the long tail, above 0 more of the popular. 0 is off.",
    )


def search_space(params: Params) -> SearchSpace:
    """The first stage's parameters, and how the second is taught."""
    towers = two_tower_search_space(params.retrieval)
    return (
        *(dataclasses.replace(part, name=f"retrieval.{part.name}") for part in towers),
        Real("ranking.learning_rate", 3e-4, 3e-2, log=True),
        Real("ranking.l2", 1e-5, 1e-2, log=True),
    )
