"""What tuning may change of the ALS family."""

from __future__ import annotations

from models.families.als.params import Params
from models.families.search_space import Choice, Real, SearchSpace


def search_space(params: Params) -> SearchSpace:
    """The parameters of the factorisation, in ranges around the best known values."""
    del params
    return (
        Choice("factors", (64, 96, 128, 192, 256)),
        Real("regularization", 1.0, 100.0, log=True),
        Real("alpha", 5.0, 100.0, log=True),
        Choice("iterations", (4, 6, 8, 12, 16)),
    )
