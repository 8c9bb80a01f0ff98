"""Malformed requests: each is answered with a proper status, and none ends the server.

They come alone, and in batches with good ones, which are answered as if they were alone.

A run takes a few hundred; SEGUE_FUZZ_EXAMPLES asks for more (docs/serving.md says how many were
run).
"""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Iterator

import grpc
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2

from serving.protocol import single_model_config
from serving.server import ModelServer, ServerOptions, read_batching_parameters
from tests.serving import toy_model
from tests.serving.serving_helpers import MODEL, QUICK, Stubs, predict_request
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


DOCS = pathlib.Path(__file__).parents[3] / "docs" / "serving.md"


@pytest.fixture(scope="module")
def batching_server(
    saved_model: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ModelServer]:
    """A server with the batching parameters that the documentation recommends."""
    folder = tmp_path_factory.mktemp("batching")
    found = re.search(r"```\n(max_batch_size .*?)```", DOCS.read_text(), re.DOTALL)
    assert found
    parameters = folder / "batching.txt"
    parameters.write_text(found[1])
    toy_model.push(saved_model, folder / "base", 1)
    options = ServerOptions(
        port=0,
        monitoring_port=0,
        watch=QUICK,
        batching=read_batching_parameters(parameters),
        max_message_size=1_000_000,
    )
    with ModelServer(single_model_config(MODEL, folder / "base"), options) as server:
        yield server
        count = server.metrics.registry.get_sample_value
        rows, batches = (count(f"segue_serving_batch_rows_{what}") for what in ("sum", "count"))
        assert rows > batches  # requests did meet


def examples_request(*values: bytes) -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = MODEL
    request.model_spec.signature_name = "serving_examples"
    request.inputs["examples"].CopyFrom(tf.make_tensor_proto(list(values), tf.string))
    return request


def example(*tracks: str) -> bytes:
    values = tf.train.BytesList(value=[track.encode() for track in tracks])
    feature = {"track_uri": tf.train.Feature(bytes_list=values)}
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


#: Requests and their first recommendation: after t(0) to t(n - 1) comes t(n).
GOOD = [
    (predict_request("x", [uri(i) for i in range(length)]), uri(length)) for length in range(4)
] + [(examples_request(example(uri(0), uri(1))), uri(2))]
ROWS = st.one_of(st.integers(0, 3), st.sampled_from([1000, 1001, 10**12]))
COLUMNS = st.one_of(
    st.integers(0, 4), st.sampled_from([500, 10_000, 10_001, 6_000_000, 10**12, 2**63 - 1])
)


@st.composite
def nearly_good(draw: st.DrawFn) -> predict_pb2.PredictRequest:
    """What goes as far as a batch: names and dtypes are right, shapes and contents are anything."""
    if not draw(st.integers(0, 3)):
        return examples_request(*draw(st.lists(st.binary(max_size=20), max_size=3)))
    request = predict_request()
    rows = draw(ROWS)
    shapes = {"name": [rows], "track_uris": [rows, draw(COLUMNS)]}
    if not draw(st.integers(0, 4)):
        shapes[draw(st.sampled_from(list(shapes)))] = draw(st.lists(COLUMNS, max_size=3))
    for alias, shape in shapes.items():
        tensor = request.inputs[alias]
        tensor.ClearField("tensor_shape")
        for size in shape:
            tensor.tensor_shape.dim.add(size=size)
        value = st.one_of(st.binary(max_size=40), st.just(b"a" * 50_000))
        tensor.ClearField("string_val")
        tensor.string_val.extend(draw(st.lists(value, max_size=3)))
    return request


@SETTINGS
@given(st.lists(st.one_of(nearly_good(), requests()), min_size=1, max_size=6), st.data())
def test_good_requests_among_others(
    batching_server: ModelServer, others: list[predict_pb2.PredictRequest], data: st.DataObject
) -> None:
    stubs = Stubs(batching_server.target)
    expected = [(request, None) for request in others] + GOOD
    sent = data.draw(st.permutations(range(len(expected))))
    calls = [(stubs.prediction.Predict.future(expected[i][0], timeout=60), i) for i in sent]
    for call, i in calls:
        request, first = expected[i]
        if first is None:
            # An answer to a thousand rows may be longer than a message may be, and its batches more
            # than may wait.
            refused = {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE}
            assert call.code() in PROPER - {grpc.StatusCode.INTERNAL} | refused
        else:
            while call.code() is grpc.StatusCode.UNAVAILABLE:  # as every client repeats it
                call = stubs.prediction.Predict.future(request, timeout=60)  # noqa: PLW2901
            assert call.result().outputs["track_uris"].string_val[0] == first.encode()
    stubs.channel.close()


@pytest.mark.parametrize("width", [10_000, 6_000_000, 10**12])
def test_wide_request_without_rows(batching_server: ModelServer, width: int) -> None:
    stubs = Stubs(batching_server.target)
    wide = predict_request()
    for alias, shape in (("name", [0]), ("track_uris", [0, width])):
        wide.inputs[alias].ClearField("string_val")
        for dim, size in zip(wide.inputs[alias].tensor_shape.dim, shape, strict=True):
            dim.size = size
    calls = [stubs.prediction.Predict.future(request, timeout=60) for request in [wide] * 8]
    answers = [stubs.prediction.Predict.future(request, timeout=60) for request, _ in GOOD]
    for answer, (_, first) in zip(answers, GOOD, strict=True):
        assert answer.result().outputs["track_uris"].string_val[0] == first.encode()
    code = grpc.StatusCode.OK if width == 10_000 else grpc.StatusCode.INVALID_ARGUMENT
    assert {call.code() for call in calls} == {code}
    stubs.channel.close()
