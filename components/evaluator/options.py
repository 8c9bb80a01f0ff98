"""The standard Evaluator's own thresholds."""

from __future__ import annotations

import pydantic

from evaluation.metrics.registry import FROM_LISTS, check_threshold
from schema.options import Options, Share


class EvaluatorOptions(Options):
    """The standard Evaluator's own thresholds, checked before the significance tests."""

    metric: str = pydantic.Field("ndcg", description="the metric that the thresholds are on")
    min_value: float | None = pydantic.Field(
        None,
        description="mean over all playlists that the candidate must reach (clicks: not exceed); "
        "null: anything",
    )
    max_relative_drop: Share = pydantic.Field(
        0.1,
        description="share of the served model's mean over all playlists that may be lost",
    )

    @pydantic.field_validator("metric")
    @classmethod
    def _known_metric(cls, name: str) -> str:
        if name not in FROM_LISTS:
            raise ValueError(f"{name!r} is none of {', '.join(FROM_LISTS)}")
        return name

    @pydantic.field_validator("min_value")
    @classmethod
    def _within_the_metric(cls, value: float | None, info: pydantic.ValidationInfo) -> float | None:
        if value is not None and "metric" in info.data:
            check_threshold(info.data["metric"], value)
        return value
