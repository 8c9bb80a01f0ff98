"""What can be set of the popularity family."""

from __future__ import annotations

import pydantic


class Params(pydantic.BaseModel):
    """Nothing."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")
