"""Model families: one a folder, each declared by a `Family` in its `__init__`."""

from models.families.definition import (
    Family,
    FitFromFunction,
    FitFunction,
    imported,
)
from models.families.registry import baselines, family, names, own, package
from models.families.search_space import SearchSpace

__all__ = [
    "Family",
    "FitFromFunction",
    "FitFunction",
    "SearchSpace",
    "baselines",
    "family",
    "imported",
    "names",
    "own",
    "package",
    "search_space",
]
