from __future__ import annotations

import os
import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import grpc
import pytest
import toy_model
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.model_config import single_model_config
from serving.server import ModelServer, ServerOptions
from serving.version_watcher import WatchOptions

MODEL = "segue"
QUICK = WatchOptions(poll_seconds=0.05, max_load_retries=0, load_retry_seconds=0.05)


@pytest.fixture(scope="session")
def saved_model(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The toy model, saved once."""
    directory = tmp_path_factory.mktemp("saved") / "model"
    toy_model.save(directory)
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


class Stubs:
    """A channel with the stubs of both services."""

    def __init__(self, target: str) -> None:
        self.channel = grpc.insecure_channel(target)
        self.prediction = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        self.model = model_service_pb2_grpc.ModelServiceStub(self.channel)

    def states(self) -> dict[int, tuple[int, int, str]]:
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = MODEL
        return {
            entry.version: (entry.state, entry.status.error_code, entry.status.error_message)
            for entry in self.model.GetModelStatus(request, timeout=10).model_version_status
        }


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


def predict_request(
    name: str = "", tracks: list[str] | None = None, **spec: Any
) -> predict_pb2.PredictRequest:
    """A request for one playlist on `serving_default`."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = spec.pop("model", MODEL)
    if "version" in spec:
        request.model_spec.version.value = spec.pop("version")
    if "label" in spec:
        request.model_spec.version_label = spec.pop("label")
    request.model_spec.signature_name = spec.pop("signature", "")
    assert not spec
    tracks = tracks or []
    for alias, values, shape in (
        ("name", [name], [1]),
        ("track_uris", tracks, [1, len(tracks)]),
    ):
        tensor = request.inputs[alias]
        tensor.dtype = 7
        for size in shape:
            tensor.tensor_shape.dim.add().size = size
        tensor.string_val.extend(value.encode() for value in values)
    return request


def eventually(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Waits until a condition holds, and returns its value; fails when it takes too long."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)
