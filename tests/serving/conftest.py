from __future__ import annotations

import gc
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import pytest

from serving.protocol import single_model_config
from serving.server import ModelServer, ServerOptions
from tests.serving import toy_model
from tests.serving.serving_helpers import MODEL, QUICK, Stubs


@pytest.fixture(scope="session")
def saved_model(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The toy model, saved once."""
    directory = tmp_path_factory.mktemp("saved") / "model"
    toy_model.save(directory)
    gc.freeze()  # as `serve` does: every unloaded version makes Python look for garbage
    return directory


@pytest.fixture
def push(saved_model: pathlib.Path, tmp_path: pathlib.Path) -> Callable[[int], pathlib.Path]:
    """Pushes a version of the toy model under `base`."""
    return lambda version: toy_model.push(saved_model, tmp_path / "base", version)


@pytest.fixture
def base(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "base"
    path.mkdir(exist_ok=True)
    return path


@pytest.fixture
def start() -> Iterator[Callable[..., ModelServer]]:
    """Starts servers on free ports and stops them in the end."""
    servers = []

    def start_server(base_or_config: Any, **options: Any) -> ModelServer:
        config = base_or_config
        if isinstance(config, pathlib.Path):
            config = single_model_config(MODEL, config)
        options = {"port": 0, "watch": QUICK} | options
        server = ModelServer(config, ServerOptions(**options))
        servers.append(server)
        return server.start(timeout=60)

    yield start_server
    for server in servers:
        server.stop(grace=1)


@pytest.fixture(scope="module")
def shared_target(
    saved_model: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A server with version 1, for tests that only ask."""
    base = tmp_path_factory.mktemp("shared") / "base"
    toy_model.push(saved_model, base, 1)
    options = ServerOptions(port=0, watch=QUICK, max_message_size=1_000_000)
    with ModelServer(single_model_config(MODEL, base), options) as server:
        yield server.target


@pytest.fixture
def stubs(shared_target: str) -> Iterator[Stubs]:
    made = Stubs(shared_target)
    yield made
    made.channel.close()
