"""What is done with landed events beside landing and counting them."""

from __future__ import annotations

import pydantic

from schema.options import Options


class EventsOptions(Options):
    """How long events stay."""

    retention_days: float | None = pydantic.Field(
        None,
        ge=0.001,
        le=36_500,
        description="days after which `segue events retain` removes an hour of events or a dead "
        "letter; null: it wants --days",
    )
