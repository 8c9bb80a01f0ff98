"""Services that stores need."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from tests.services import redis as server
from tests.services.environments import python_of


@pytest.fixture(scope="session")
def feast_python(root: pathlib.Path) -> pathlib.Path:
    return python_of(root, "feast", "3.12")


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with server.running(tmp_path_factory.mktemp("redis")) as address:
        yield address
