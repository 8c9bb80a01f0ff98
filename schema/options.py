"""What the options of every concern share; each concern declares its own beside its code."""

from __future__ import annotations

from typing import Annotated

import pydantic

Share = Annotated[float, pydantic.Field(ge=0, le=1)]
Count = Annotated[int, pydantic.Field(ge=1, le=1_000_000_000)]


class Options(pydantic.BaseModel):
    """Options of one concern: no unknown key, no change after validation.

    Every number has a lower and an upper bound, within which it still means something.

    A component takes them as JSON, `model_dump_json()` on one side and `model_validate_json` on
    the other.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)
