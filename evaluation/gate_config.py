"""The gate's conditions, as configuration."""

from __future__ import annotations

import math
from typing import Any, Final, Literal

from pydantic import Field, field_validator, model_validator

from evaluation.metrics.registry import METRICS, check_threshold, find
from evaluation.significance.result import MIN_RESAMPLES
from schema.options import Options

#: Draws of the bootstrap beyond the quantile at alpha, below which p is itself down to chance.
_IN_TAIL: Final = 50


class GateConfig(Options):
    """What a candidate must show before it is pushed."""

    metric: str = Field(default="ndcg", description="The metric in which models are compared.")
    floors: dict[str, float] = Field(
        default_factory=dict,
        description="Metric -> the mean that a candidate must reach (for clicks: not exceed). What "
        "every model meets, such as 0, is refused.",
    )
    better_than: tuple[str, ...] = Field(
        default=("popularity",),
        description="Models that a candidate must be significantly better than.",
    )
    against_served: Literal["not_significantly_worse", "non_inferior", "better"] = Field(
        default="not_significantly_worse",
        description="What a candidate must be against the served model: not shown to be worse; "
        "shown to lose less than `margin`; or shown to be better.",
    )
    margin: float = Field(
        default=0.05,
        ge=0,
        lt=1,
        description="For `non_inferior`: the loss that must be ruled out, as a share of the "
        "served model's mean.",
    )
    unjudged_served: Literal["others_decide", "refuse"] = Field(
        default="others_decide",
        description="What becomes of a candidate that cannot be compared with the served model, "
        "such as after a change of `split`: the other conditions decide, or it is refused.",
    )
    max_scenario_drop: float | None = Field(
        default=0.2,
        ge=0,
        le=1,
        description="The most that a scenario may lose to the served model, as a share of that "
        "one's mean; null for no limit. A larger loss that may be chance is reported, not refused.",
    )
    min_scenario_playlists: int = Field(
        default=20,
        ge=2,
        le=1_000_000,
        description="Scenarios with fewer playlists are not judged one by one.",
    )
    alpha: float = Field(
        default=0.05, ge=0.0001, lt=0.5, description="The accepted rate of false blessings."
    )
    resamples: int = Field(
        default=9999, ge=MIN_RESAMPLES, le=1_000_000, description="Of the bootstrap behind tests."
    )

    @model_validator(mode="before")
    @classmethod
    def _no_seed_of_its_own(cls, values: Any) -> Any:
        if isinstance(values, dict) and "seed" in values:
            raise ValueError("gate.seed is gone: the run's own `seed` is the bootstrap's too")
        return values

    @field_validator("metric")
    @classmethod
    def _known_metric(cls, name: str) -> str:
        if find(name).name not in METRICS:
            raise ValueError(f"{name} is not among the rows' metrics: {', '.join(METRICS)}")
        if not find(name).is_accuracy:
            raise ValueError(f"{name} does not measure accuracy: a gate on it would be misleading")
        return name

    @field_validator("floors")
    @classmethod
    def _known_floors(cls, floors: dict[str, float]) -> dict[str, float]:
        for name, floor in floors.items():
            if find(name).name not in METRICS:
                raise ValueError(f"{name} is not among the rows' metrics: {', '.join(METRICS)}")
            check_threshold(name, floor)
        return floors

    @model_validator(mode="after")
    def _tail_is_populated(self) -> GateConfig:
        needed = math.ceil(_IN_TAIL / self.alpha)
        if self.resamples + 1 < needed:
            raise ValueError(
                f"gate.resamples: for an alpha of {self.alpha:g} at least {needed - 1:,} are "
                f"needed, not {self.resamples:,}"
            )
        return self
