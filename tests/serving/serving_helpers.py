from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import grpc
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.server.versions import WatchOptions

MODEL = "segue"
QUICK = WatchOptions(poll_seconds=0.05, max_load_retries=0, load_retry_seconds=0.05)


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
