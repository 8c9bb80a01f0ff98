"""How a served copy of the candidate is examined."""

from __future__ import annotations

import pydantic

from schema.options import Count, Options


class InfraCheckOptions(Options):
    """What a served copy of the candidate must show before it is pushed."""

    requests: Count = pydantic.Field(30, description="recorded queries, and as many random ones")
    timeout_seconds: Count = pydantic.Field(
        600, description="for all of it, the server's start included; a tenth for each request"
    )
    max_latency_ms: float | None = pydantic.Field(
        None, gt=0, description="what 99 of 100 requests for one playlist may take; null: any"
    )
