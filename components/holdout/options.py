"""How many playlists are held out of those that could be."""

from __future__ import annotations

import pydantic

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
