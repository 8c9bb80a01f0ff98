"""How a served copy of the candidate is examined."""

from __future__ import annotations

import pydantic

from schema.options import Options


class InfraCheckOptions(Options):
    """What a served copy of the candidate must show before it is pushed."""

    requests: int = pydantic.Field(
        30, ge=1, le=10_000, description="recorded queries, and as many random ones"
    )
    timeout_seconds: int = pydantic.Field(
        600,
        ge=1,
        le=86_400,
        description="for all of it, the server's start included; a tenth for each request",
    )
    max_latency_ms: float | None = pydantic.Field(
        None,
        gt=0,
        le=86_400_000,
        description="what 99 of 100 requests for one playlist may take; null: any",
    )
