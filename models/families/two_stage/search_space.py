"""What tuning may change of the two-stage family."""

from __future__ import annotations

import dataclasses

from models.families.search_space import Real, SearchSpace
from models.families.two_stage.params import Params
from models.families.two_tower import search_space as two_tower


def search_space(params: Params) -> SearchSpace:
    """The first stage's parameters, and how the second is taught."""
    towers = two_tower.search_space(params.retrieval)
    return (
        *(dataclasses.replace(part, name=f"retrieval.{part.name}") for part in towers),
        Real("ranking.learning_rate", 3e-4, 3e-2, log=True),
        Real("ranking.l2", 1e-5, 1e-2, log=True),
    )
