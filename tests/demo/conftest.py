from __future__ import annotations

import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from demo.app import create_app
from demo.backend import Backend
from demo.catalogue import Catalogue
from demo.filling import CatalogueFiller
from serving.client import ConnectionOptions
from serving.protocol import ModelServerConfig, single_model_config
from serving.server import ModelServer, ServerOptions
from tests.serving import toy_model


@pytest.fixture(scope="session")
def model_base(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Versions 1 and 2 of the toy model; only version 2 tells its tracks in a file."""
    directory = tmp_path_factory.mktemp("demo")
    toy_model.save(directory / "model")
    base = directory / "base"
    toy_model.push(directory / "model", base, 1)
    latest = toy_model.push(directory / "model", base, 2)
    uris = [toy_model.uri(index) for index in range(toy_model.TRACKS)]
    (latest / "assets" / "tracks.txt").write_text("".join(f"{uri}\n" for uri in uris))
    return base


@pytest.fixture(scope="session")
def model_config(model_base: pathlib.Path) -> ModelServerConfig:
    config = single_model_config("segue", model_base)
    config.model_config_list.config[0].model_version_policy.latest.num_versions = 2
    return config


@pytest.fixture(scope="session")
def server(model_config: ModelServerConfig) -> Iterator[ModelServer]:
    with ModelServer(model_config, ServerOptions(port=0)) as running:
        eventually(lambda: running.manager.table.loaded().get("segue") == [1, 2])
        config = ModelServerConfig()
        config.CopyFrom(model_config)
        config.model_config_list.config[0].version_labels["stable"] = 1
        config.model_config_list.config[0].version_labels["canary"] = 2
        running.manager.reload(config)
        yield running


@pytest.fixture
def backend(server: ModelServer) -> Iterator[Backend]:
    made = Backend(server.target)
    yield made
    made.close()


@pytest.fixture
def catalogue() -> Iterator[Catalogue]:
    made = Catalogue()
    yield made
    made.close()


@pytest.fixture
def fill(catalogue: Catalogue, backend: Backend) -> Callable[[pathlib.Path | None], None]:
    """Fills the catalogue, with or without the model's files, and waits for the end."""

    def run(model_base: pathlib.Path | None) -> None:
        filler = CatalogueFiller(catalogue, backend, str(model_base) if model_base else None)
        filler.start()
        eventually(lambda: not catalogue.filling)
        filler.stop()

    return run


@pytest.fixture
def client(backend: Backend, catalogue: Catalogue) -> TestClient:
    return TestClient(create_app(backend, catalogue), base_url="http://localhost")


@pytest.fixture
def away(catalogue: Catalogue) -> Iterator[TestClient]:
    """The page with a model server that is not there."""
    options = ConnectionOptions(timeout=2.0, attempts=1)
    nobody = Backend("127.0.0.1:9", options=options)
    yield TestClient(create_app(nobody, catalogue), base_url="http://localhost")
    nobody.close()


def eventually(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)
    return value
