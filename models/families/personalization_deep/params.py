"""What can be set of deep personalisation."""

from __future__ import annotations

import pydantic

from models.families.two_stage import Params as TwoStageParams


class Params(TwoStageParams):
    """Hyperparameters: those of two_stage, which may look at listening as well."""

    listening: bool = pydantic.Field(
        default=True,
        description="Whether candidates are also described by plays, their order and features of "
        "listeners; without, it is two_stage.",
    )
