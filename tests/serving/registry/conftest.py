"""MLflow's server, where a registry of a test needs one."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from scripts.mlflow.server import Server
from tests.services import mlflow, postgres


@pytest.fixture(scope="session")
def mlflow_sqlite(root: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with mlflow.running(root, tmp_path_factory.mktemp("mlflow")) as server:
        yield server


@pytest.fixture(scope="session")
def mlflow_postgresql(
    root: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with (
        postgres.running() as database,
        mlflow.running(root, tmp_path_factory.mktemp("mlflow"), database) as server,
    ):
        yield server
