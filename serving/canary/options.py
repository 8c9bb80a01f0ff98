"""How long a canary is watched, and by which thresholds it is judged."""

from __future__ import annotations

from pydantic import Field

from schema.options import Options, Share


class CanaryOptions(Options):
    """What a canary must show beside the stable version."""

    requests: int = Field(
        2000, ge=1, le=1_000_000, description="most requests to each of the two versions"
    )
    seconds: float = Field(
        180,
        ge=0.1,
        le=86_400,
        description="longest time; whichever of the two comes first ends the watch",
    )
    warm_up: int = Field(
        20, ge=0, le=10_000, description="first requests to each version, which do not count"
    )
    min_requests: int = Field(
        20, ge=2, le=100_000, description="with fewer of each version nothing is decided"
    )
    timeout_seconds: float = Field(
        2, ge=0.001, le=3600, description="a request that takes longer is an error"
    )
    max_more_errors: Share = Field(
        0.01,
        description="share of requests that may fail beyond the stable version's; an answer that "
        "breaks the contract (a score that is no number, a shape, a repeated track) is an error",
    )
    max_more_empty: Share = Field(
        0.01, description="share of answers that may be empty beyond the stable version's"
    )
    max_p50_ratio: float = Field(
        1.5, ge=1, le=1000, description="median latency, as a multiple of the stable version's"
    )
    max_p99_ratio: float = Field(
        2,
        ge=1,
        le=1000,
        description="what 99 of 100 requests take, as a multiple of the stable version's",
    )
    latency_slack_ms: float = Field(
        10,
        ge=0,
        le=3_600_000,
        description="milliseconds that either latency may be above its multiple",
    )
    max_stable_failures: Share = Field(
        0.05,
        description="share of errors and empty answers of the stable version, above which nothing "
        "is promoted: there is nothing sound to compare with",
    )
    alpha: float = Field(
        0.05,
        ge=0.0001,
        lt=0.5,
        description="accepted rate of wrong promotions, and of wrong rollbacks",
    )
