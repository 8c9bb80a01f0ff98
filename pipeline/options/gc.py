"""What `segue gc` keeps beside what it never deletes."""

from __future__ import annotations

import pydantic

from schema.options import Options


class CollectionOptions(Options):
    """How many runs, versions and reports stay, whatever else protects one of them."""

    runs: int = pydantic.Field(
        3, ge=1, le=100_000, description="newest finished runs whose artifacts stay"
    )
    versions: int = pydantic.Field(
        3, ge=1, le=100_000, description="newest pushed versions that stay"
    )
    reports: int = pydantic.Field(
        100, ge=1, le=1_000_000, description="newest runs whose figures and page stay"
    )
    min_age_days: float = pydantic.Field(
        0, ge=0, le=36_500, description="what is younger stays; 0: whatever its age"
    )
