"""What can be set of the two-tower family, and what tuning may change of that."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic

from models.families.search_space import Choice, Dimension, Real, SearchSpace

#: The tables of vectors that training may change.
Table = Literal["seeds", "seed_artists", "titles", "tracks", "track_artists"]


class StartParams(pydantic.BaseModel):
    """How the vectors are started, before any gradient step."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    method: Literal["als", "svd", "random"] = pydantic.Field(
        default="als", description="Factorisation of playlists by tracks and artists to start from."
    )
    regularization: float = pydantic.Field(
        default=20.0, gt=0, le=1e6, description="ALS: pull of every vector towards zero."
    )
    alpha: float = pydantic.Field(
        default=40.0, ge=1, le=1e6, description="ALS: confidence in what a playlist holds, else 1."
    )
    iterations: int = pydantic.Field(
        default=8, ge=1, le=1000, description="ALS: rounds over both sides."
    )
    warm_iterations: int = pydantic.Field(
        default=2,
        ge=1,
        le=1000,
        description="ALS: rounds at most where training starts from the served model (start_from).",
    )
    artist_weight: float = pydantic.Field(
        default=0.5,
        ge=0,
        le=100,
        description="Weight of a playlist's artist beside one of its tracks.",
    )
    album_weight: float = pydantic.Field(
        default=0.0,
        ge=0,
        le=100,
        description="Weight of a playlist's album beside one of its tracks; 0 leaves albums out.",
    )
    followers_weight: float = pydantic.Field(
        default=0.0,
        ge=0,
        le=1,
        description="Power of a playlist's number of followers that it counts by; 0 lets every "
        "playlist count the same.",
    )
    popularity_damping: float = pydantic.Field(
        default=0.3,
        ge=0,
        le=1,
        description="Power of a track's or artist's number of playlists that its weight is divided "
        "by: 0 lets every occurrence count the same.",
    )
    length_damping: float = pydantic.Field(
        default=0.3,
        ge=0,
        le=1,
        description="Power of a playlist's length that the weight of what it holds is divided by.",
    )
    artist_share: float = pydantic.Field(
        default=0.15,
        ge=0,
        le=10,
        description="How much of its artist's vector a track's vector gets.",
    )
    album_share: float = pydantic.Field(
        default=0.0,
        ge=0,
        le=10,
        description="How much of its album's vector a track's vector gets.",
    )
    ridge_seeds: float = pydantic.Field(
        default=10.0,
        gt=0,
        le=1e6,
        description="Ridge penalty on the vectors of seeds and their artists.",
    )
    ridge_titles: float = pydantic.Field(
        default=3.0, gt=0, le=1e6, description="Ridge penalty on the vectors of title n-grams."
    )


class NamedArtistParams(pydantic.BaseModel):
    """What it means that a title names an artist; see `named_artists`."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    prior_whole: float = pydantic.Field(
        default=0.4,
        ge=0,
        le=1,
        description="How likely a playlist holds a track by an artist whose name is all of its "
        "title, before any such title was seen.",
    )
    prior_part: float = pydantic.Field(
        default=0.05, ge=0, le=1, description="The same where the name is a part of the title."
    )
    prior_strength: float = pydantic.Field(
        default=3.0, gt=0, le=1e6, description="As many titles as each prior counts like."
    )
    bonuses: tuple[Annotated[float, pydantic.Field(ge=0, le=10)], ...] = pydantic.Field(
        default=(0.3, 0.2),
        min_length=1,
        max_length=1000,
        description="Added to the scores of the artist's tracks, times that probability, by number "
        "of seeds from 0; the last is for all more.",
    )
    bonus_popularity: float = pydantic.Field(
        default=0.2,
        ge=0,
        le=10,
        description="How much more of it a popular track gets: 1 + this * log(count) times it.",
    )
    seeds: float = pydantic.Field(
        default=10.0,
        ge=0,
        le=1000,
        description="Without seeds, as many seeds by the artist are made up, times that "
        "probability; 0 makes up none. Only with fold_in.",
    )
    title_strength: float = pydantic.Field(
        default=0.3,
        ge=0,
        le=100,
        description="How much the title itself counts beside made-up seeds.",
    )

    @property
    def used(self) -> bool:
        """Whether titles that name artists are answered otherwise at all."""
        return any(self.bonuses) or self.seeds > 0


class Params(pydantic.BaseModel):
    """Hyperparameters; the defaults are the best of those tried on real playlists."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    factors: int = pydantic.Field(default=128, ge=1, le=1024, description="Length of a vector.")
    second_factors: int = pydantic.Field(
        default=0,
        ge=0,
        le=1024,
        description="Length of the vectors of a second model like the first, from another random "
        "start, whose scores are averaged with the first's; 0 is none.",
    )
    start: StartParams = pydantic.Field(
        default=StartParams(), description="How the vectors are started."
    )
    fold_in: bool = pydantic.Field(
        default=True,
        description="Solve for a playlist's vector from seeds and title, as one ALS step would; "
        "otherwise it is a sum of the bags of its seeds, their artists and its title. Only with "
        "an ALS start.",
    )
    title_strength: float = pydantic.Field(
        default=0.1,
        ge=0,
        le=100,
        description="How much the title counts beside seeds; 0 leaves it to titles without seeds.",
    )
    named_artists: NamedArtistParams = pydantic.Field(
        default=NamedArtistParams(), description="Of titles that name an artist."
    )
    trained: tuple[Table, ...] = pydantic.Field(
        default=("titles", "tracks", "track_artists"),
        description="Tables that gradient steps change; the others stay as they were started. "
        "None, or no epochs, trains nothing.",
    )
    epochs: int = pydantic.Field(default=2, ge=0, le=1000, description="Passes at most over train.")
    warm_epochs: int = pydantic.Field(
        default=1,
        ge=0,
        le=1000,
        description="Passes over train, but no more than epochs, where training starts from the "
        "served model (start_from); all of them are run.",
    )
    batch_size: int = pydantic.Field(default=256, ge=1, le=65536, description="Playlists a step.")
    learning_rate: float = pydantic.Field(
        default=3e-5, gt=0, le=1, description="Adam's highest rate, after the warm-up."
    )
    warmup_steps: int = pydantic.Field(
        default=50,
        ge=0,
        le=1_000_000,
        description="Steps over which the rate rises; at most a fifth of all steps are used.",
    )
    patience: int = pydantic.Field(
        default=1,
        ge=1,
        le=1000,
        description="Epochs without a better NDCG on stop before training stops.",
    )
    seed_counts: tuple[Annotated[int, pydantic.Field(ge=1, le=10_000)], ...] = pydantic.Field(
        default=(1, 5, 10, 25, 50, 100),
        min_length=1,
        description="How many seeds a training playlist shows, one drawn at a time; at most half.",
    )
    seedless_share: float = pydantic.Field(
        default=0.1, ge=0, le=1, description="Training playlists that show their title only."
    )
    random_seeds_share: float = pydantic.Field(
        default=0.5, ge=0, le=1, description="Training playlists with random seeds, not the first."
    )
    title_share: float = pydantic.Field(
        default=0.7, ge=0, le=1, description="Training playlists with seeds that show their title."
    )
    full_softmax_max_tracks: int = pydantic.Field(
        default=300_000,
        ge=0,
        le=1_000_000_000,
        description="Catalogues up to this size compare with every track, larger with a sample.",
    )
    negatives: int = pydantic.Field(
        default=8192,
        ge=1,
        le=1_000_000,
        description="Tracks of that sample, shared by a step's playlists.",
    )
    temperature: float | None = pydantic.Field(
        default=None,
        gt=0,
        le=1000,
        description="What scores are divided by in the loss; None finds the best at the start.",
    )
    popularity_bias: float = pydantic.Field(
        default=0.0,
        ge=-10,
        le=10,
        description="Added to a track's score times log(count) / log(highest count): below 0 "
        "recommends more of the long tail, above 0 more of the popular. A score near 1 is a "
        "certain match. 0 is off.",
    )

    @pydantic.model_validator(mode="after")
    def _check_fold_in(self) -> Params:
        if self.fold_in and self.start.method != "als":
            raise ValueError(
                f"fold_in needs start.method als, not {self.start.method}; set fold_in to false"
            )
        return self


def search_space(params: Params) -> SearchSpace:
    """The parameters that count beside those configured, in ranges around the best known values.

    docs/accuracy.md has what was tried; the ranges reach well beyond it, but not to where a
    parameter is known to do harm.
    """
    space: list[Dimension] = [Choice("factors", (64, 96, 128, 192, 256))]
    if params.second_factors:
        space.append(Choice("second_factors", (32, 64, 96)))
    if params.start.method != "random":
        space += [
            Real("start.artist_weight", 0.1, 1.5),
            Real("start.popularity_damping", 0.0, 0.6),
            Real("start.length_damping", 0.0, 0.6),
            Real("start.artist_share", 0.0, 0.4),
        ]
        # Off by default: not every data set has albums, or followers that say something.
        if params.start.album_weight > 0:
            space += [Real("start.album_weight", 0.1, 1.5), Real("start.album_share", 0.0, 0.4)]
        if params.start.followers_weight > 0:
            space.append(Real("start.followers_weight", 0.0, 0.5))
    if params.start.method == "als":
        space += [
            Real("start.regularization", 3.0, 100.0, log=True),
            Real("start.alpha", 10.0, 100.0, log=True),
        ]
    if params.fold_in:
        space.append(Real("title_strength", 0.01, 1.0, log=True))
    if params.trained and params.epochs > 0:
        space.append(Real("learning_rate", 3e-6, 3e-4, log=True))
    return tuple(space)
