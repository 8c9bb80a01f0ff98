"""Malformed requests: each is answered with a proper status, and none ends the server.

A run takes a few hundred; SEGUE_FUZZ_EXAMPLES asks for more (docs/serving.md says how many were
run).
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2

from tests.serving.serving_helpers import MODEL, Stubs, predict_request
from tests.serving.toy_model import uri

EXAMPLES = int(os.environ.get("SEGUE_FUZZ_EXAMPLES", "200"))
SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
pytestmark = [
    pytest.mark.filterwarnings("ignore:Unexpected end-group tag"),
    pytest.mark.soak,
]
PREFIX = "/tensorflow.serving.PredictionService/"
#: What a request may be answered with; UNKNOWN, UNAVAILABLE and the like would be the server's own
#: failure. A request that cannot be parsed is INTERNAL, as with every gRPC server.
PROPER = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.INTERNAL,
}


@pytest.fixture(autouse=True)
def still_answers(stubs: Stubs) -> Iterator[None]:
    """After all that, the server is as good as before."""
    yield
    response = stubs.prediction.Predict(predict_request("x", [uri(2)]), timeout=30)
    assert response.outputs["track_uris"].string_val[0] == uri(1).encode()


def send(stubs: Stubs, method: str, data: bytes) -> grpc.StatusCode:
    try:
        stubs.channel.unary_unary(PREFIX + method)(data, timeout=60)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def mutate(draw: st.DrawFn, data: bytes) -> bytes:
    """Some bytes replaced, inserted, removed, or the end cut off."""
    changed = bytearray(data)
    for _ in range(draw(st.integers(1, 6))):
        position = draw(st.integers(0, max(len(changed) - 1, 0)))
        match draw(st.sampled_from(["replace", "insert", "remove", "cut"])):
            case "replace" if changed:
                changed[position] = draw(st.integers(0, 255))
            case "insert":
                changed[position:position] = draw(st.binary(max_size=8))
            case "remove":
                del changed[position : position + draw(st.integers(1, 8))]
            case "cut":
                del changed[position:]
    return bytes(changed)


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    metadata = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    metadata.model_spec.name = MODEL
    method, message = draw(
        st.sampled_from(
            [
                ("Predict", predict_request("road trip", [uri(1), uri(2), "x"])),
                ("Predict", predict_request(signature="track_metadata")),
                ("GetModelMetadata", metadata),
                ("Classify", predict_request()),
                ("Regress", predict_request()),
                ("MultiInference", predict_request()),
            ]
        )
    )
    return method, mutate(draw, message.SerializeToString())


@SETTINGS
@given(mutated())
def test_mutated_bytes(stubs: Stubs, request_bytes: tuple[str, bytes]) -> None:
    code = send(stubs, *request_bytes)
    # A changed length may say that the message is larger than it is allowed to be.
    assert code in PROPER | {grpc.StatusCode.RESOURCE_EXHAUSTED}


DTYPES = st.one_of(st.sampled_from(types_pb2.DataType.values()), st.integers(-3, 200))
SIZES = st.one_of(st.integers(-2, 4), st.sampled_from([2**31, 2**63 - 1, -(2**63), 10**6]))
TENSORS = st.builds(
    tensor_pb2.TensorProto,
    dtype=DTYPES,
    tensor_shape=st.builds(
        tensor_shape_pb2.TensorShapeProto,
        dim=st.lists(st.builds(tensor_shape_pb2.TensorShapeProto.Dim, size=SIZES), max_size=5),
        unknown_rank=st.sampled_from([False, False, True]),
    ),
    tensor_content=st.binary(max_size=12),
    string_val=st.lists(st.binary(max_size=40), max_size=4),
    float_val=st.lists(st.floats(width=32), max_size=4),
    int64_val=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4),
    version_number=st.integers(-1, 2),
)
SIGNATURES = ["", "serving_default", "serving_examples", "track_metadata", "other"]
SIGNATURES.append("__saved_model_init_op")
NAMES = st.sampled_from(["name", "track_uris", "examples", "scores", "", "é"])


@st.composite
def requests(draw: st.DrawFn) -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest()
    if draw(st.integers(0, 9)):
        request.model_spec.name = draw(st.sampled_from([MODEL, MODEL, MODEL, "", "other"]))
        request.model_spec.signature_name = draw(st.sampled_from(SIGNATURES))
        match draw(st.integers(0, 9)):
            case 0:
                request.model_spec.version.value = draw(st.integers(-(2**63), 2**63 - 1))
            case 1:
                request.model_spec.version_label = draw(st.text(max_size=5))
    if draw(st.booleans()):
        # Nearly right: the right names, one tensor replaced.
        request.inputs["name"].CopyFrom(predict_request("x").inputs["name"])
        request.inputs["track_uris"].CopyFrom(predict_request("x").inputs["track_uris"])
    for name in draw(st.lists(NAMES, max_size=3)):
        request.inputs[name].CopyFrom(draw(TENSORS))
    request.output_filter.extend(draw(st.lists(NAMES, max_size=2)))
    return request


@SETTINGS
@given(requests())
def test_nearly_right_requests(stubs: Stubs, request_message: predict_pb2.PredictRequest) -> None:
    code = send(stubs, "Predict", request_message.SerializeToString())
    assert code in PROPER - {grpc.StatusCode.INTERNAL}
