"""How many playlists or listeners are held out, of those that could be."""

from __future__ import annotations

from typing import Literal

import pydantic

from schema.features import SEGMENT_NAME
from schema.options import Options


class HoldoutOptions(Options):
    """Whom tracks are withheld of."""

    max_playlists: int | None = pydantic.Field(
        20_000,
        ge=100,
        le=100_000_000,
        description="of eval and of test each; of more, about so many are drawn by a hash of pid "
        "and seed; null: all. Of 20,000, a mean difference in NDCG is known to about 0.002",
    )
    of: Literal["playlists", "listeners"] = pydantic.Field(
        "playlists",
        description="who is held out; the others of eval and test have no part in the run",
    )
    segment: str | None = pydantic.Field(
        None,
        pattern=SEGMENT_NAME,
        description="with listeners: the segment whose listeners are held out; null: all",
    )

    @pydantic.model_validator(mode="after")
    def _segment_is_of_listeners(self) -> HoldoutOptions:
        if self.segment is not None and self.of != "listeners":
            raise ValueError("segment: playlists are in none; set holdout.of to listeners")
        return self
