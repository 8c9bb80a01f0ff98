"""How hyperparameters are searched for."""

from __future__ import annotations

from typing import Literal

import pydantic

from schema.options import Count, Options

#: How the next trial is chosen. Hyperband is left out: it ranks trials by their first epochs,
#: and the families here are mostly solved for rather than trained.
Algorithm = Literal["random", "bayesian"]


class SearchOptions(Options):
    """The search for one family's hyperparameters."""

    trials: int = pydantic.Field(
        20, ge=1, le=10_000, description="fits a family, the configured one first"
    )
    algorithm: Algorithm = pydantic.Field(
        "bayesian", description="how trials are chosen; bayesian draws the first third at random"
    )
    holdout_share: float = pydantic.Field(
        0.1, ge=0.001, le=0.5, description="share of train's playlists that trials are scored on"
    )
    playlists: Count | None = pydantic.Field(
        None, description="playlists of train that trials use, to save time; null: all"
    )
    fixed: tuple[str, ...] = pydantic.Field(
        (), description="parameters to leave as configured, such as factors"
    )


class TunerOptions(SearchOptions):
    """The search for hyperparameters before training, on playlists held out of train."""

    enabled: bool = pydantic.Field(False, description="whether to search; costs `trials` fits")
    families: tuple[str, ...] = pydantic.Field(
        (), description="families to tune; none named: the candidate"
    )
