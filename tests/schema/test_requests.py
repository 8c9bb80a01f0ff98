"""Requests to an exported model, as they go over the wire."""

from __future__ import annotations

import pytest
from tensorflow_serving.apis import model_pb2, predict_pb2

from schema import requests
from schema.signatures import SIGNATURES


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
    ]
    assert {request.model_spec.signature_name for request in made} == set(SIGNATURES)
    for request in made:
        declared = SIGNATURES[request.model_spec.signature_name]
        assert set(request.inputs) == set(declared.inputs)
        assert set(request.output_filter) <= set(declared.outputs)
        for name, tensor in declared.inputs.items():
            assert len(shape(request, name)) == len(tensor.shape)
    assert [shape(made[1], "examples"), shape(made[2], "track_uris")] == [[2], [3]]


def test_the_version_asked_is_kept() -> None:
    spec = model_pb2.ModelSpec(name="segue", version_label="canary", signature_name="other")
    request = requests.names_request([b"a"], spec)
    assert request.model_spec.name == "segue"
    assert request.model_spec.version_label == "canary"
    assert request.model_spec.signature_name == "track_metadata"
    assert spec.signature_name == "other"  # the caller's own stays as it was
