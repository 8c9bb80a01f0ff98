"""Requests to an exported model, as they go over the wire."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import model_pb2, predict_pb2

from schema import requests
from schema.signatures import OPTIONAL_SIGNATURES, SERVING_LISTENER, SIGNATURES


def shape(request: predict_pb2.PredictRequest, name: str) -> list[int]:
    return [dim.size for dim in request.inputs[name].tensor_shape.dim]


def test_playlists_are_padded_to_the_longest() -> None:
    request = requests.playlists_request([(b"x", []), (b"", [b"a", b"b"]), (b"y", [b"\xff"])])
    assert request.model_spec.signature_name == "serving_default"
    assert shape(request, "name") == [3]
    assert list(request.inputs["name"].string_val) == [b"x", b"", b"y"]
    assert shape(request, "track_uris") == [3, 2]
    assert list(request.inputs["track_uris"].string_val) == [b"", b"", b"a", b"b", b"\xff", b""]
    assert list(request.output_filter) == ["track_uris", "scores"]


@pytest.mark.parametrize(("min_columns", "values"), [(0, []), (1, [b""]), (2, [b"", b""])])
def test_least_columns(min_columns: int, values: list[bytes]) -> None:
    request = requests.playlists_request([(b"x", [])], min_columns=min_columns)
    assert shape(request, "track_uris") == [1, min_columns]
    assert list(request.inputs["track_uris"].string_val) == values


def test_a_title_alone_has_a_column_unless_told_otherwise() -> None:
    assert shape(requests.playlists_request([(b"x", [])]), "track_uris") == [1, 1]


def test_every_signature_gets_its_inputs() -> None:
    made = [
        requests.playlists_request([(b"x", [b"a"])]),
        requests.examples_request([b"1", b"2"]),
        requests.names_request([b"a", b"b", b"c"]),
        requests.listeners_request([requests.Listener([b"a"])]),
    ]
    signatures = {**SIGNATURES, SERVING_LISTENER: OPTIONAL_SIGNATURES[SERVING_LISTENER]}
    assert {request.model_spec.signature_name for request in made} == set(signatures)
    for request in made:
        declared = signatures[request.model_spec.signature_name]
        assert set(request.inputs) == set(declared.inputs)
        assert set(request.output_filter) <= set(declared.outputs)
        for name, tensor in declared.inputs.items():
            assert len(shape(request, name)) == len(tensor.shape)
    assert [shape(made[1], "examples"), shape(made[2], "track_uris")] == [[2], [3]]


def test_listeners_are_padded_to_the_longest() -> None:
    known = [0.5, None, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    request = requests.listeners_request(
        [
            requests.Listener([b"a", b"b", b"a"], [3, 1, 2], known),
            requests.Listener([b"c"], exclude_uris=[b"d", b"e"]),
        ]
    )
    assert request.model_spec.signature_name == "serving_listener"
    arrays = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
    assert arrays["track_uris"].tolist() == [[b"a", b"b", b"a"], [b"c", b"", b""]]
    assert arrays["timestamps"].tolist() == [[3, 1, 2], [0, 0, 0]]
    assert arrays["exclude_uris"].tolist() == [[b"", b""], [b"d", b"e"]]
    nan = float("nan")
    np.testing.assert_array_equal(
        arrays["features"], [[0.5, nan, 2, 3, 4, 5, 6, 7], [nan] * 8], strict=False
    )
    assert list(request.output_filter) == ["track_uris", "scores"]


@pytest.mark.parametrize("columns", [0, 1])
def test_least_columns_of_listeners(columns: int) -> None:
    request = requests.listeners_request([requests.Listener([])], min_columns=columns)
    shapes = {name: shape(request, name) for name in request.inputs}
    assert shapes.pop("features") == [1, 8]
    assert shapes == {key: [1, columns] for key in ("track_uris", "timestamps", "exclude_uris")}


def test_what_is_told_of_a_listener_belongs_together() -> None:
    with pytest.raises(ValueError, match="2 streams have 1 timestamps; give as many or none"):
        requests.listeners_request([requests.Listener([b"a", b"b"], [1])])
    with pytest.raises(ValueError, match="has 8 features or none; 9 are given"):
        requests.listeners_request([requests.Listener([b"a"], [1], [0.0] * 9)])


def test_the_version_asked_is_kept() -> None:
    spec = model_pb2.ModelSpec(name="segue", version_label="canary", signature_name="other")
    request = requests.names_request([b"a"], spec)
    assert request.model_spec.name == "segue"
    assert request.model_spec.version_label == "canary"
    assert request.model_spec.signature_name == "track_metadata"
    assert spec.signature_name == "other"  # the caller's own stays as it was
