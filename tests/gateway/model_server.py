"""A model server without models: whatever a test has it answer, over gRPC."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import grpc
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from schema.requests import string_tensor
from tests.listening.recommending.making import uri

Answers = Callable[[predict_pb2.PredictRequest, Any], predict_pb2.PredictResponse]


class Service(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.asked: list[predict_pb2.PredictRequest] = []

    def Predict(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        self.asked.append(request)
        return self.answers(request, context)


@contextlib.contextmanager
def serving(answers: Answers) -> Iterator[tuple[Service, str]]:
    server = grpc.server(futures.ThreadPoolExecutor(4))
    service = Service(answers)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield service, f"127.0.0.1:{port}"
    server.stop(None)


def ranked(request: predict_pb2.PredictRequest, uris: list[bytes]) -> predict_pb2.PredictResponse:
    response = predict_pb2.PredictResponse()
    response.model_spec.version.value = request.model_spec.version.value or 5
    response.outputs["track_uris"].CopyFrom(string_tensor(uris, [1, len(uris)]))
    scores = numbers([float(len(uris) - n) for n in range(len(uris))], [1, len(uris)])
    response.outputs["scores"].CopyFrom(scores)
    return response


def numbers(values: list[float], shape: list[int]) -> tensor_pb2.TensorProto:
    found = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, float_val=values)
    for size in shape:
        found.tensor_shape.dim.add().size = size
    return found


def whole(request: predict_pb2.PredictRequest, context: Any) -> predict_pb2.PredictResponse:
    del context
    return ranked(request, [uri(3).encode(), uri(4).encode(), b""])
