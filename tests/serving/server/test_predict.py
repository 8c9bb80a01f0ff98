"""Predict and GetModelMetadata through a real channel; wording as in TF Serving's sources."""

from __future__ import annotations

import pathlib
import re
import threading
import time
from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    inference_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.protocol import ConfigError, ServingError
from serving.protocol.tensors import TensorLimits
from serving.server import ModelServer, ServerOptions
from serving.server.predict import run_predict
from serving.server.predict_runner import HeldRequests
from serving.server.versions import Servable
from tests.serving import toy_model
from tests.serving.serving_helpers import MODEL, Stubs, predict_request
from tests.serving.toy_model import uri

CODE = grpc.StatusCode


def refusal(call, request, **kwargs) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=30, **kwargs)
    return caught.value.code(), caught.value.details()


def test_scores_are_the_models(stubs: Stubs) -> None:
    # Seed t(2): distances to t(1), t(3), t(0), t(4) ... are 1, 1, 2, 2, 3, 4, 5; the seed is left
    # out and "" with -inf fills the row. Version 1 adds 100.
    response = stubs.prediction.Predict(predict_request("x", [uri(2)]), timeout=30)
    tracks, scores = response.outputs["track_uris"], response.outputs["scores"]
    assert list(tracks.string_val) == [uri(i).encode() for i in (1, 3, 0, 4, 5, 6, 7)] + [b""]
    expected = [100 + 1 / 2, 100 + 1 / 2, 100 + 1 / 3, 100 + 1 / 3, 100 + 1 / 4, 100.2, 100 + 1 / 6]
    np.testing.assert_allclose(scores.float_val[:7], expected, rtol=1e-6)
    assert scores.float_val[7] == float("-inf")
    assert [dim.size for dim in tracks.tensor_shape.dim] == [1, toy_model.K]
    assert response.model_spec.name == MODEL
    assert response.model_spec.version.value == 1
    assert response.model_spec.signature_name == "serving_default"


@pytest.mark.parametrize(
    ("name", "tracks", "first"),
    [
        ("", [], 0),  # empty playlist: the most popular
        ("reverse", [], 7),  # title only
        ("x", ["spotify:track:unknown", "", "🎧"], 0),  # nothing known
        ("x", [uri(6), uri(6), ""], 5),  # 5 and 7 are level at distance 1, the lower id wins
        ("x", [uri(i) for i in range(7)], 7),  # all but one are seeds
    ],
)
def test_edges(stubs: Stubs, name: str, tracks: list[str], first: int) -> None:
    response = stubs.prediction.Predict(predict_request(name, tracks), timeout=30)
    assert response.outputs["track_uris"].string_val[0] == uri(first).encode()


def test_output_filter(stubs: Stubs) -> None:
    request = predict_request("x", [uri(2)])
    request.output_filter.append("scores")
    assert list(stubs.prediction.Predict(request, timeout=30).outputs) == ["scores"]


def test_examples_signature(stubs: Stubs) -> None:
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[uri(0).encode()]))
    example = tf.train.Example(features=tf.train.Features(feature={"track_uri": feature}))
    request = predict_pb2.PredictRequest()
    request.model_spec.name = MODEL
    request.model_spec.signature_name = "serving_examples"
    request.inputs["examples"].CopyFrom(tf.make_tensor_proto([example.SerializeToString()]))
    response = stubs.prediction.Predict(request, timeout=30)
    assert response.outputs["track_uris"].string_val[0] == uri(1).encode()


@pytest.mark.parametrize(
    ("spec", "code", "message"),
    [
        ({"model": "nope"}, CODE.NOT_FOUND, "Servable not found for request: Latest(nope)"),
        ({"version": 9}, CODE.NOT_FOUND, "Servable not found for request: Specific(segue, 9)"),
        (
            {"model": "nope", "version": 1},
            CODE.NOT_FOUND,
            "Servable not found for request: Specific(nope, 1)",
        ),
        (
            {"label": "canary"},
            CODE.INVALID_ARGUMENT,
            "Unrecognized servable version label: canary",
        ),
        (
            {"signature": "other"},
            CODE.FAILED_PRECONDITION,
            'Serving signature key "other" not found.',
        ),
        ({"model": ""}, CODE.INVALID_ARGUMENT, "ModelSpec has no name specified."),
    ],
)
def test_unknown(stubs: Stubs, spec: dict, code: grpc.StatusCode, message: str) -> None:
    assert refusal(stubs.prediction.Predict, predict_request(**spec)) == (code, message)


def test_missing_model_spec(stubs: Stubs) -> None:
    request = predict_request()
    request.ClearField("model_spec")
    assert refusal(stubs.prediction.Predict, request) == (
        CODE.INVALID_ARGUMENT,
        "Missing ModelSpec",
    )


def test_missing_input(stubs: Stubs) -> None:
    request = predict_request()
    del request.inputs["name"]
    assert refusal(stubs.prediction.Predict, request) == (
        CODE.INVALID_ARGUMENT,
        "input size does not match signature: 1!=2 len({track_uris}) != len({name,track_uris}). "
        "Sent extra: {}. Missing but required: {name}.",
    )


def test_extra_input(stubs: Stubs) -> None:
    request = predict_request()
    request.inputs["extra"].CopyFrom(request.inputs["name"])
    assert refusal(stubs.prediction.Predict, request) == (
        CODE.INVALID_ARGUMENT,
        "input size does not match signature: 3!=2 len({extra,name,track_uris}) != "
        "len({name,track_uris}). Sent extra: {extra}. Missing but required: {}.",
    )


def test_misnamed_input(stubs: Stubs) -> None:
    request = predict_request()
    request.inputs["title"].CopyFrom(request.inputs["name"])
    del request.inputs["name"]
    code, message = refusal(stubs.prediction.Predict, request)
    assert code is CODE.INVALID_ARGUMENT
    assert message == (
        "Signature input alias: name(feed name: serving_default_name:0) not found in request and "
        "no default value provided. Inputs expected to be in the request {title,track_uris}, or "
        "default input alias set: "
    )


def test_wrong_dtype(stubs: Stubs) -> None:
    request = predict_request()
    request.inputs["track_uris"].CopyFrom(tf.make_tensor_proto([[1]], dtype=tf.int64))
    assert refusal(stubs.prediction.Predict, request) == (
        CODE.INVALID_ARGUMENT,
        "Expects arg[1] to be string but int64 is provided",
    )


@pytest.mark.parametrize("shape", [[], [1]])
def test_wrong_rank_is_what_the_runtime_says(stubs: Stubs, shape: list[int]) -> None:
    request = predict_request()
    request.inputs["track_uris"].CopyFrom(tf.make_tensor_proto(np.full(shape, "a", dtype=object)))
    code, message = refusal(stubs.prediction.Predict, request)
    assert code is CODE.INVALID_ARGUMENT
    assert "{{node " in message


def test_output_filter_errors(stubs: Stubs) -> None:
    request = predict_request()
    request.output_filter.append("other")
    assert refusal(stubs.prediction.Predict, request) == (
        CODE.INVALID_ARGUMENT,
        "output tensor alias not found in signature: other Outputs expected to be in the set "
        "{scores,track_uris}.",
    )
    request.output_filter[:] = ["scores", "scores"]
    assert refusal(stubs.prediction.Predict, request) == (
        CODE.INVALID_ARGUMENT,
        "duplicate output tensor alias: scores",
    )


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ([-1], "tensor parsing error: track_uris"),
        (
            [2**40, 2**40],
            "track_uris has 1099511627776 columns; this server takes at most 10000 (max_columns)",
        ),
        (
            [2**62],
            "track_uris has 4611686018427387904 elements; this server takes at most 1000000 "
            "(max_elements)",
        ),
    ],
    ids=["negative", "overflowing", "larger than memory"],
)
def test_impossible_shapes(stubs: Stubs, shape: list[int], message: str) -> None:
    request = predict_request()
    tensor = request.inputs["track_uris"]
    tensor.ClearField("tensor_shape")
    for size in shape:
        tensor.tensor_shape.dim.add().size = size
    assert refusal(stubs.prediction.Predict, request) == (CODE.INVALID_ARGUMENT, message)


def test_too_many_rows(stubs: Stubs) -> None:
    # Cheap to send, for the last value is repeated, and dear to answer.
    request = predict_request("x")
    request.inputs["name"].tensor_shape.dim[0].size = 1001
    assert refusal(stubs.prediction.Predict, request) == (
        CODE.INVALID_ARGUMENT,
        "Task size 1001 is larger than maximum input batch size 1000",
    )


def test_too_few_values_are_continued(stubs: Stubs) -> None:
    request = predict_request("reverse")
    for alias in ("name", "track_uris"):
        request.inputs[alias].tensor_shape.dim[0].size = 3
    response = stubs.prediction.Predict(request, timeout=30)
    firsts = response.outputs["track_uris"].string_val[:: toy_model.K]
    assert list(firsts) == [uri(7).encode()] * 3


def test_message_too_large(stubs: Stubs) -> None:
    code, message = refusal(stubs.prediction.Predict, predict_request("x" * 1_100_000))
    assert code is CODE.RESOURCE_EXHAUSTED
    assert "larger than max" in message


def test_deadline_exceeded(stubs: Stubs, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = threading.Event()

    def wait_for_the_deadline(*args: Any) -> None:
        # The caller's and not the server's own, which is longer; gRPC rounds it.
        assert args[-1] - time.monotonic() < 1
        assert gone.wait(30)

    monkeypatch.setattr(Servable, "run_session", wait_for_the_deadline)
    with pytest.raises(grpc.RpcError) as caught:
        stubs.prediction.Predict(predict_request(), timeout=0.2)
    gone.set()
    assert caught.value.code() is CODE.DEADLINE_EXCEEDED


def test_what_is_late_is_not_run(saved_model: pathlib.Path) -> None:
    servable = Servable.load(MODEL, 1, str(saved_model))
    with pytest.raises(ServingError, match="DEADLINE_EXCEEDED"):
        run_predict(servable, predict_request(), deadline=time.monotonic())
    servable.close()


def test_long_messages_are_cut(stubs: Stubs) -> None:
    code, message = refusal(stubs.prediction.Predict, predict_request(signature="x" * 2000))
    assert code is CODE.FAILED_PRECONDITION
    assert message == 'Serving signature key "' + "x" * (1024 - 23) + "...TRUNCATED"


def test_long_messages_are_cut_by_bytes() -> None:
    # 4 bytes each, and whole ones only: what goes over the wire is limited, not what is read.
    message = ServingError(CODE.INTERNAL, "a" + "🎵" * 300).wire_message
    assert message == "a" + "🎵" * 255 + "...TRUNCATED"


def test_not_a_request(stubs: Stubs) -> None:
    call = stubs.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    assert refusal(call, b"\xff\xff\xff")[0] is CODE.INTERNAL


def test_metadata(stubs: Stubs) -> None:
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = MODEL
    response = stubs.prediction.GetModelMetadata(request, timeout=30)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert {"serving_default", "serving_examples", "track_metadata"} <= set(
        signatures.signature_def
    )
    assert sorted(signatures.signature_def["serving_default"].inputs) == ["name", "track_uris"]
    assert response.model_spec.version.value == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ([], "GetModelMetadataRequest must specify at least one metadata_field"),
        (["other"], "Metadata field %s is not supportedother"),
    ],
)
def test_metadata_fields(stubs: Stubs, fields: list[str], message: str) -> None:
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    request.model_spec.name = MODEL
    assert refusal(stubs.prediction.GetModelMetadata, request) == (CODE.INVALID_ARGUMENT, message)


def test_what_these_models_have_no_signature_for(stubs: Stubs) -> None:
    message = "Segue's models have signatures for Predict only"
    for call, kind in (
        (stubs.prediction.Classify, classification_pb2.ClassificationRequest),
        (stubs.prediction.Regress, regression_pb2.RegressionRequest),
    ):
        request = kind()
        request.model_spec.name = MODEL
        assert refusal(call, request) == (CODE.INVALID_ARGUMENT, message)
        request.model_spec.name = "other"
        assert refusal(call, request)[0] is CODE.NOT_FOUND
    request = inference_pb2.MultiInferenceRequest()
    task = request.tasks.add(method_name="tensorflow/serving/predict")
    task.model_spec.name = MODEL
    assert refusal(stubs.prediction.MultiInference, request) == (CODE.UNIMPLEMENTED, message)


def test_multi_inference_without_tasks(stubs: Stubs) -> None:
    assert refusal(stubs.prediction.MultiInference, inference_pb2.MultiInferenceRequest()) == (
        CODE.INVALID_ARGUMENT,
        "Missing ModelSpec",
    )


def test_example_that_is_no_utf8(stubs: Stubs) -> None:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = MODEL
    request.model_spec.signature_name = "serving_examples"
    request.inputs["examples"].CopyFrom(tf.make_tensor_proto([b"\x80"]))
    code, message = refusal(stubs.prediction.Predict, request)
    assert code is CODE.INVALID_ARGUMENT
    assert "Could not parse example input" in message
    assert "\ufffd" in message


def test_what_is_held_is_bounded(
    start: Callable[..., ModelServer], push: Callable[[int], pathlib.Path], base: pathlib.Path
) -> None:
    push(1)
    server = start(base, limits=TensorLimits(10, 100), max_held_elements=100)
    stubs = Stubs(server.target)
    large = predict_pb2.PredictRequest()
    large.model_spec.name = MODEL
    large.inputs["name"].CopyFrom(tf.make_tensor_proto([b"a"] * 60))
    large.inputs["track_uris"].CopyFrom(tf.make_tensor_proto([[b"a"]] * 60))
    for _ in range(3):  # what is refused or answered is held no longer
        code, message = refusal(stubs.prediction.Predict, large)
        assert code is CODE.RESOURCE_EXHAUSTED
        # Two inputs of 60 elements, and some 600 bytes, of which each 64 count as one.
        assert re.fullmatch(
            r"This request holds 1[23]\d elements and those being answered 0; together at most 100 "
            r"\(max_held_elements\)",
            message,
        )
        response = stubs.prediction.Predict(predict_request("x", [uri(2)] * 10), timeout=30)
        assert response.outputs["track_uris"].string_val[0] == uri(1).encode()


def test_held_requests() -> None:
    held = HeldRequests(max_requests=2, max_elements=10)
    held.add(7)
    with pytest.raises(ServingError, match="holds 4 elements and those being answered 7; together"):
        held.add(4)
    held.add(3)
    with pytest.raises(ServingError, match="Too many requests"):
        held.add(0)
    held.remove(7)
    held.add(7)


def test_options_that_cannot_be() -> None:
    with pytest.raises(ConfigError, match="max_rows must be at least 1; was 0"):
        ServerOptions(max_rows=0)
    with pytest.raises(ConfigError, match=r"at least max_elements \(1000000\); was 999"):
        ServerOptions(max_held_elements=999)
