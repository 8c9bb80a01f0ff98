"""The stock client of docs/serving.md, as it stands there."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from tests.serving.toy_model import uri


@pytest.fixture(scope="module")
def client(root: pathlib.Path) -> dict[str, Any]:
    """What the example defines."""
    text = (root / "docs/serving.md").read_text(encoding="utf-8")
    (code,) = (
        block
        for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        if "grpc.max_receive_message_length" in block
    )
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(code, "docs/serving.md", "exec"), names)
    return names


def test_it_gets_what_it_asks_for(client: dict[str, Any], shared_target: str) -> None:
    playlists = [("reverse", []), ("", [uri(2)]), ("x", [uri(0), uri(1)])] + [("", [])] * 997
    answers = client["recommend"](shared_target, playlists)
    assert len(answers) == 1000
    assert answers[0][:2] == [uri(7), uri(6)]
    assert answers[1][:2] == [uri(1), uri(3)]
    assert answers[2] == [uri(i) for i in range(2, 8)]  # without the filling


class Large(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers as a model of 500 tracks does."""

    def Predict(self, request, context):  # noqa: N802
        assert list(request.output_filter) == ["track_uris"]
        rows = request.inputs["name"].tensor_shape.dim[0].size
        response = predict_pb2.PredictResponse()
        response.outputs["track_uris"].CopyFrom(
            tf.make_tensor_proto([[uri(i) for i in range(500)]] * rows)
        )
        return response


@pytest.fixture
def large() -> Iterator[str]:
    server = grpc.server(
        futures.ThreadPoolExecutor(1), options=[("grpc.max_send_message_length", -1)]
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Large(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(0)


def test_large_answers_need_its_options(
    client: dict[str, Any], large: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    playlists = [("x", [])] * 250
    assert len(client["recommend"](large, playlists)) == 250
    monkeypatch.setitem(client, "OPTIONS", [])
    with pytest.raises(grpc.RpcError, match="Received message larger than max"):
        client["recommend"](large, playlists)
