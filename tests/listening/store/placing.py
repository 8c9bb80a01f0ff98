"""The stores that there are, each where a test wants it."""

from __future__ import annotations

import itertools
import pathlib
from collections.abc import Callable
from typing import Final

import pytest

#: Gives the text that names a store in a directory.
Placing = Callable[[pathlib.Path], str]

_PROJECTS: Final = itertools.count()

KINDS: Final = (
    pytest.param("embedded"),
    pytest.param("feast", marks=pytest.mark.services),
)


def placing(kind: str, request: pytest.FixtureRequest) -> Placing:
    """How a kind of store is named; services that it needs are started."""
    if kind == "embedded":
        return lambda root: f"embedded:{root}"
    python, redis = request.getfixturevalue("feast_python"), request.getfixturevalue("redis")
    return lambda root: feast(root, redis, python)


def feast(root: pathlib.Path, redis: str, python: pathlib.Path) -> str:
    """A store of Feast's; on one server for all tests, so that each has a project of its own."""
    return f"feast:{root}?redis={redis}&project=p{next(_PROJECTS)}&python={python}"
