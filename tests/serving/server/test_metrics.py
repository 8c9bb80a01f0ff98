from __future__ import annotations

import pathlib
import socket
import urllib.error
import urllib.request
from collections.abc import Callable

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from serving.protocol import ConfigError, single_model_config
from serving.server import ModelServer, ServerOptions
from tests.serving.serving_helpers import MODEL, QUICK, Stubs, eventually, predict_request

SERVING, NOT_SERVING = 1, 2


def get(port: int | None, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_metrics(
    start: Callable[..., ModelServer], push: Callable[[int], pathlib.Path], base: pathlib.Path
) -> None:
    push(1)
    server = start(base, monitoring_port=0)
    stubs = Stubs(server.target)
    for _ in range(3):
        stubs.prediction.Predict(predict_request(), timeout=30)
    for bad in ({"model": "a"}, {"model": "b"}, {"label": "x"}):
        with pytest.raises(grpc.RpcError):
            stubs.prediction.Predict(predict_request(**bad), timeout=30)

    def value(name: str, **labels: str) -> float | None:
        return server.metrics.registry.get_sample_value(f"segue_serving_{name}", labels)

    count = {"method": "Predict", "model": MODEL}
    eventually(lambda: value("requests_total", code="OK", **count) == 3)
    assert value("requests_total", code="INVALID_ARGUMENT", **count) == 1
    # Names that anyone may invent share a label.
    unknown = {"method": "Predict", "model": "unknown", "code": "NOT_FOUND"}
    assert value("requests_total", **unknown) == 2
    assert value("request_seconds_count", **count) == 4
    assert value("model_version_loaded", model=MODEL, version="1") == 1

    push(2)
    eventually(lambda: value("model_version_loaded", model=MODEL, version="2") == 1)
    eventually(lambda: value("model_version_loaded", model=MODEL, version="1") is None)

    for path in ("/metrics", "/monitoring/prometheus/metrics"):
        status, text = get(server.monitoring_port, path)
        assert status == 200
        assert 'segue_serving_requests_total{code="OK",method="Predict",model="segue"} 3.0' in text


def test_liveness_and_readiness(
    start: Callable[..., ModelServer], push: Callable[[int], pathlib.Path], base: pathlib.Path
) -> None:
    push(1)
    server = start(base, monitoring_port=0)
    health = health_pb2_grpc.HealthStub(Stubs(server.target).channel)

    def check(service: str) -> int:
        return health.Check(health_pb2.HealthCheckRequest(service=service), timeout=30).status

    assert get(server.monitoring_port, "/livez") == (200, "alive\n")
    assert get(server.monitoring_port, "/readyz") == (200, "ready\n")
    assert get(server.monitoring_port, "/other")[0] == 404
    assert check("") == check("tensorflow.serving.PredictionService") == SERVING
    with pytest.raises(grpc.RpcError) as caught:
        check("nonsense")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND

    (base / "1").rename(base / "removed")
    eventually(lambda: check("") == NOT_SERVING)
    assert get(server.monitoring_port, "/livez")[0] == 200
    assert get(server.monitoring_port, "/readyz")[0] == 503


def test_a_watcher_hears_of_it_after_another_has_left(
    start: Callable[..., ModelServer], push: Callable[[int], pathlib.Path], base: pathlib.Path
) -> None:
    push(1)
    server = start(base)
    health = health_pb2_grpc.HealthStub(Stubs(server.target).channel)
    stays, leaves = (health.Watch(health_pb2.HealthCheckRequest(), timeout=30) for _ in range(2))
    assert next(stays).status == next(leaves).status == SERVING
    leaves.cancel()
    with pytest.raises(grpc.RpcError):
        next(leaves)
    (base / "1").rename(base / "removed")
    assert next(stays).status == NOT_SERVING
    stays.cancel()


def test_alive_but_not_ready_without_a_version(base: pathlib.Path) -> None:
    server = ModelServer(
        single_model_config(MODEL, base), ServerOptions(port=0, watch=QUICK, monitoring_port=0)
    )
    try:
        with pytest.raises(TimeoutError):
            server.start(timeout=0.1)
        assert get(server.monitoring_port, "/livez")[0] == 200
        assert get(server.monitoring_port, "/readyz")[0] == 503
    finally:
        server.stop(0)


def test_reflection(stubs: Stubs) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(stubs.channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = stub.ServerReflectionInfo(iter([request]), timeout=30)
    names = {service.name for service in answer.list_services_response.service}
    assert {
        "tensorflow.serving.PredictionService",
        "tensorflow.serving.ModelService",
        "grpc.health.v1.Health",
    } <= names


def test_port_that_is_taken(push: Callable[[int], pathlib.Path], base: pathlib.Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = ModelServer(single_model_config(MODEL, base), ServerOptions(port=port))
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port}"):
            server.start(timeout=1)
        server.stop(0)
