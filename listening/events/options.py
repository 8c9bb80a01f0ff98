"""How events are landed."""

from __future__ import annotations

import pydantic

from schema.options import Options


class LandingOptions(Options):
    """How much lands at a time, and for how long a copy is recognised."""

    batch: int = pydantic.Field(
        100_000, ge=1, le=5_000_000, description="messages that land together at most"
    )
    batch_mb: int = pydantic.Field(
        64, ge=1, le=4096, description="megabytes of messages that land together at most"
    )
    every_seconds: float = pydantic.Field(
        10.0, ge=0, le=3600, description="seconds after which a message lands at the latest"
    )
    horizon_days: float = pydantic.Field(
        7.0,
        gt=0,
        le=3650,
        description="days after its landing in which a copy of an event is recognised",
    )
