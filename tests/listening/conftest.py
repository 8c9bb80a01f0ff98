"""Services that stores need."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from tests.services import bigquery as bigquery_server
from tests.services import redis as server
from tests.services.environments import python_of


@pytest.fixture(scope="session")
def feast_python(root: pathlib.Path) -> pathlib.Path:
    return python_of(root, "feast", "3.12")


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with server.running(tmp_path_factory.mktemp("redis")) as address:
        yield address


@pytest.fixture(scope="session")
def bigquery_address(root: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    python = python_of(root, "bigquery", "3.13")
    with bigquery_server.running(tmp_path_factory.mktemp("bigquery"), python) as address:
        yield address


@pytest.fixture
def bigquery(bigquery_address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The project of what stands in for BigQuery."""
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", bigquery_address)
    return bigquery_server.PROJECT
