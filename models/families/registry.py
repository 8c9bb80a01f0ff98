"""Finds model families by name: our own in a table, others by an entry point.

To add one, write a package whose `__init__` declares `FAMILY = Family(...)`, and name it in
`_FAMILIES`; or, from another distribution, in its entry points of the group `segue.families`, such
as `mine = "my_package:FAMILY"`. `models.conformance.check_family` tests it.
"""

from __future__ import annotations

import functools
import importlib.metadata
import os
import sys
from typing import Final

from models.families.definition import Family

#: The entry points by which other distributions bring families.
ENTRY_POINTS: Final = "segue.families"

# Imported when asked for. The order is that of the baselines of a run.
_FAMILIES: Final = {
    "als": "models.families.als:FAMILY",
    "explore_heavy": "models.families.explore_heavy:FAMILY",
    "genre_specialist": "models.families.genre_specialist:FAMILY",
    "item_knn": "models.families.item_knn:FAMILY",
    "personalization_deep": "models.families.personalization_deep:FAMILY",
    "popularity": "models.families.popularity:FAMILY",
    "popularity_blend": "models.families.popularity_blend:FAMILY",
    "two_stage": "models.families.two_stage:FAMILY",
    "two_tower": "models.families.two_tower:FAMILY",
}


def names() -> list[str]:
    """The families there are, our own and those of installed distributions, by name."""
    return sorted({*_FAMILIES, *(point.name for point in _entry_points())})


def own() -> tuple[str, ...]:
    """The families of this project, in the order of a run's baselines."""
    return tuple(_FAMILIES)


def family(name: str) -> Family:
    """Finds a family; quick, since its model is imported only when it is fitted.

    A name of our own table is never taken from another distribution.

    Raises:
        ValueError: if there is no such family, naming those there are, or if an entry point does
            not lead to a `Family` of its name.
    """
    point = _entry_point(name)
    try:
        found = point.load()
    except (ImportError, AttributeError) as error:
        raise ValueError(f"The model family {name!r} at {point.value} fails: {error}") from error
    if not isinstance(found, Family) or found.name != name:
        raise ValueError(f"{point.value} is not a model family named {name!r}, but {found!r}.")
    return found


def baselines() -> tuple[str, ...]:
    """Our own families that candidates are compared with by default."""
    return tuple(name for name in _FAMILIES if family(name).is_baseline)


def package(name: str) -> str:
    """The module that declares a family, with all of its code below it if it is our own.

    Raises:
        ValueError: if there is no such family, naming those there are.
    """
    return _entry_point(name).module


def _entry_point(name: str) -> importlib.metadata.EntryPoint:
    if name in _FAMILIES:
        return importlib.metadata.EntryPoint(name, _FAMILIES[name], ENTRY_POINTS)
    found = [point for point in _entry_points() if point.name == name]
    if not found:
        raise ValueError(f"There is no model family {name!r}; choose from {', '.join(names())}.")
    return found[0]


def _entry_points() -> tuple[importlib.metadata.EntryPoint, ...]:
    return _installed(tuple((path, _changed_at(path)) for path in sys.path))


# Reading what every installed distribution says of itself takes as long as all the rest of a
# configuration's validation. A folder's time tells when something was installed.
@functools.lru_cache(maxsize=1)
def _installed(
    _: tuple[tuple[str, int | None], ...],
) -> tuple[importlib.metadata.EntryPoint, ...]:
    return tuple(importlib.metadata.entry_points(group=ENTRY_POINTS))


def _changed_at(path: str) -> int | None:
    try:
        return os.stat(path or os.curdir).st_mtime_ns
    except OSError:
        return None
