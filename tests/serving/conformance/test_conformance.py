"""What holds for TF Serving and for the development server alike, with any of Segue's models.

`SEGUE_SERVING_TARGET=HOST:PORT pytest tests/serving/conformance` runs it against a server.
"""

from __future__ import annotations

import math
from concurrent import futures
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)

from tests.serving.serving_helpers import Stubs, predict_request

CODE = grpc.StatusCode
UNKNOWN = "spotify:track:" + "z" * 22
TIMEOUT = 60


def ask(server: Stubs, model: str, playlists: list[tuple[str, list[str]]]) -> list[list[str]]:
    """The tracks of each playlist's row, after the row is checked against contract C3."""
    width = max([1, *(len(tracks) for _, tracks in playlists)])
    request = predict_request(model=model)
    name, uris = request.inputs["name"], request.inputs["track_uris"]
    name.tensor_shape.dim[0].size = uris.tensor_shape.dim[0].size = len(playlists)
    uris.tensor_shape.dim[1].size = width
    name.string_val[:] = [title.encode() for title, _ in playlists]
    uris.string_val[:] = [
        track.encode() for _, tracks in playlists for track in tracks + [""] * (width - len(tracks))
    ]
    response = server.prediction.Predict(request, timeout=TIMEOUT)
    got_uris, got_scores = (
        tf.make_ndarray(response.outputs[key]) for key in ("track_uris", "scores")
    )
    assert got_uris.dtype == object
    assert got_scores.dtype == np.float32
    assert got_uris.shape == got_scores.shape == (len(playlists), got_uris.shape[1])
    assert got_uris.shape[1] <= 500
    rows = []
    for (_, tracks), row, scores in zip(playlists, got_uris, got_scores, strict=True):
        found = [uri.decode() for uri in row if uri]
        assert [bool(uri) for uri in row] == [True] * len(found) + [False] * (len(row) - len(found))
        assert not set(found) & set(tracks)
        assert len(set(found)) == len(found)
        assert np.all(np.isfinite(scores[: len(found)]))
        assert np.all(np.isneginf(scores[len(found) :]))
        assert np.all(np.diff(scores[: len(found)]) <= 0)
        rows.append(found)
    return rows


@pytest.fixture(scope="session")
def popular(server: Stubs, model: str) -> list[str]:
    """What an empty playlist is answered with: tracks that the model knows."""
    return ask(server, model, [("", [])])[0]


def refusal(call: Any, request: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=TIMEOUT)
    return caught.value.code(), caught.value.details()


@pytest.mark.parametrize(
    ("title", "tracks"),
    [
        ("", []),
        ("road trip", []),
        ("🎧 ゆめ \u202eاغاني\u0000 👩‍👩‍👧", []),
        ("x" * 5000, []),
        ("", [UNKNOWN]),
        ("", ["", "no uri", "spotify:track:", "spotify:album:" + "z" * 22]),
        ("road trip", ["known"]),
        ("", ["known"] * 250),
    ],
)
def test_contract(
    server: Stubs, model: str, popular: list[str], title: str, tracks: list[str]
) -> None:
    known = [popular[i % len(popular)] if uri == "known" else uri for i, uri in enumerate(tracks)]
    ask(server, model, [(title, known)])


def test_rows_do_not_depend_on_each_other(server: Stubs, model: str, popular: list[str]) -> None:
    playlists = [("", []), ("road trip", popular[:1]), ("", popular[:3]), ("x", [UNKNOWN])]
    together = ask(server, model, playlists)
    assert together == [ask(server, model, [playlist])[0] for playlist in playlists]


def test_repeated_and_unknown_tracks_change_nothing(
    server: Stubs, model: str, popular: list[str]
) -> None:
    seed = popular[0]
    plain, noisy = ask(server, model, [("", [seed]), ("", ["", seed, UNKNOWN, seed])])
    assert plain == noisy


def test_no_track_column(server: Stubs, model: str, popular: list[str]) -> None:
    response = server.prediction.Predict(predict_request(model=model), timeout=TIMEOUT)
    found = tf.make_ndarray(response.outputs["track_uris"])[0]  # S = 0
    assert [uri.decode() for uri in found if uri] == popular


def test_examples(server: Stubs, model: str, popular: list[str]) -> None:
    def feature(*values: str) -> tf.train.Feature:
        encoded = [value.encode() for value in values]
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=encoded))

    features = {"name": feature("road trip"), "track_uri": feature(popular[0])}
    example = tf.train.Example(features=tf.train.Features(feature=features))
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = "serving_examples"
    request.inputs["examples"].CopyFrom(tf.make_tensor_proto([example.SerializeToString()]))
    response = server.prediction.Predict(request, timeout=TIMEOUT)
    found = tf.make_ndarray(response.outputs["track_uris"])[0]
    (expected,) = ask(server, model, [("road trip", popular[:1])])
    assert [uri.decode() for uri in found if uri] == expected


def test_model_spec_of_an_answer(server: Stubs, model: str) -> None:
    spec = server.prediction.Predict(predict_request(model=model), timeout=TIMEOUT).model_spec
    assert (spec.name, spec.signature_name) == (model, "serving_default")
    pinned = predict_request(model=model, version=spec.version.value)
    assert server.prediction.Predict(pinned, timeout=TIMEOUT).model_spec.version == spec.version


def test_output_filter(server: Stubs, model: str) -> None:
    request = predict_request(model=model)
    request.output_filter.append("scores")
    assert list(server.prediction.Predict(request, timeout=TIMEOUT).outputs) == ["scores"]


def test_values_are_in_their_own_fields(server: Stubs, model: str) -> None:
    """Clients in many languages read `float_val` and `string_val`, and nothing else."""
    outputs = server.prediction.Predict(predict_request(model=model), timeout=TIMEOUT).outputs
    size = math.prod(dim.size for dim in outputs["scores"].tensor_shape.dim)
    assert len(outputs["scores"].float_val) == len(outputs["track_uris"].string_val) == size


def test_status(server: Stubs, model: str) -> None:
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = model
    states = server.model.GetModelStatus(request, timeout=TIMEOUT).model_version_status
    assert get_model_status_pb2.ModelVersionStatus.AVAILABLE in [entry.state for entry in states]
    numbers = [entry.version for entry in states]
    assert numbers == sorted(numbers, reverse=True)
    request.model_spec.name = "nope"
    assert refusal(server.model.GetModelStatus, request) == (
        CODE.NOT_FOUND,
        "Could not find any versions of model nope",
    )
    request.model_spec.name = model
    request.model_spec.version.value = 2**62
    assert refusal(server.model.GetModelStatus, request) == (
        CODE.NOT_FOUND,
        f"Could not find version {2**62} of model {model}",
    )


def test_metadata(server: Stubs, model: str) -> None:
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = model
    response = server.prediction.GetModelMetadata(request, timeout=TIMEOUT)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    default = signatures.signature_def["serving_default"]
    assert sorted(default.inputs) == ["name", "track_uris"]
    assert sorted(default.outputs) == ["scores", "track_uris"]
    assert sorted(signatures.signature_def["serving_examples"].inputs) == ["examples"]
    request.metadata_field[:] = []
    assert refusal(server.prediction.GetModelMetadata, request) == (
        CODE.INVALID_ARGUMENT,
        "GetModelMetadataRequest must specify at least one metadata_field",
    )


@pytest.mark.parametrize(
    ("spec", "code", "message"),
    [
        ({"model": "nope"}, CODE.NOT_FOUND, "Servable not found for request: Latest(nope)"),
        (
            {"version": 2**62},
            CODE.NOT_FOUND,
            f"Servable not found for request: Specific(MODEL, {2**62})",
        ),
        ({"label": "nope"}, CODE.INVALID_ARGUMENT, "Unrecognized servable version label: nope"),
        (
            {"signature": "nope"},
            CODE.FAILED_PRECONDITION,
            'Serving signature key "nope" not found.',
        ),
        ({"model": ""}, CODE.INVALID_ARGUMENT, "ModelSpec has no name specified."),
    ],
)
def test_unknown(
    server: Stubs, model: str, spec: dict, code: grpc.StatusCode, message: str
) -> None:
    request = predict_request(**{"model": model} | spec)
    got_code, got = refusal(server.prediction.Predict, request)
    assert got_code is code
    # Newer releases of TF Serving phrase a missing signature their own way, with the same code.
    if code is not CODE.FAILED_PRECONDITION:
        assert got == message.replace("MODEL", model)


def test_inputs_that_do_not_fit(server: Stubs, model: str) -> None:
    missing = predict_request(model=model)
    del missing.inputs["name"]
    code, message = refusal(server.prediction.Predict, missing)
    assert code is CODE.INVALID_ARGUMENT
    assert "Missing but required: {name}" in message

    extra = predict_request(model=model)
    extra.inputs["extra"].CopyFrom(extra.inputs["name"])
    code, message = refusal(server.prediction.Predict, extra)
    assert code is CODE.INVALID_ARGUMENT
    assert "Sent extra: {extra}" in message

    dtype = predict_request(model=model)
    dtype.inputs["track_uris"].CopyFrom(tf.make_tensor_proto([[1]], dtype=tf.int64))
    code, message = refusal(server.prediction.Predict, dtype)
    assert code is CODE.INVALID_ARGUMENT
    assert "to be string but int64 is provided" in message

    rank = predict_request(model=model)
    rank.inputs["track_uris"].CopyFrom(tf.make_tensor_proto("a"))
    assert refusal(server.prediction.Predict, rank)[0] is CODE.INVALID_ARGUMENT

    filtered = predict_request(model=model)
    filtered.output_filter.append("nope")
    code, message = refusal(server.prediction.Predict, filtered)
    assert code is CODE.INVALID_ARGUMENT
    assert "output tensor alias not found in signature: nope" in message


def test_other_methods(server: Stubs, model: str) -> None:
    for call, kind in (
        (server.prediction.Classify, classification_pb2.ClassificationRequest),
        (server.prediction.Regress, regression_pb2.RegressionRequest),
    ):
        request = kind()
        request.model_spec.name = model
        request.input.example_list.examples.add()
        assert refusal(call, request)[0] is CODE.INVALID_ARGUMENT
    inference = inference_pb2.MultiInferenceRequest()
    inference.input.example_list.examples.add()
    task = inference.tasks.add(method_name="tensorflow/serving/predict")
    task.model_spec.name = model
    assert refusal(server.prediction.MultiInference, inference)[0] is CODE.UNIMPLEMENTED


def test_empty_configuration_is_refused(server: Stubs) -> None:
    code, message = refusal(
        server.model.HandleReloadConfigRequest, model_management_pb2.ReloadConfigRequest()
    )
    assert code is CODE.INVALID_ARGUMENT
    assert "Only ModelConfigList is currently supported" in message


def test_many_at_once(server: Stubs, model: str, popular: list[str]) -> None:
    seeds = [[track] for track in popular[:8]]
    alone = [ask(server, model, [("", tracks)])[0] for tracks in seeds]
    with futures.ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda tracks: ask(server, model, [("", tracks)])[0], seeds * 8))
    assert found == alone * 8
