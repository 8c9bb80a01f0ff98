"""What is written by hand says the same as what Protocol Buffers write."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import predict_pb2

from serving.protocol import tensors
from serving.server import encoding


def objects(*values: bytes) -> np.ndarray:
    array = np.empty(len(values), object)
    array[:] = values
    return array


@pytest.mark.parametrize(
    "array",
    [
        objects(b"spotify:track:a", b"spotify:track:b").reshape(1, 2),
        objects(b"a", b"", b"x" * 127, b"y" * 128, b"z" * 20_000),
        objects(b"", b""),
        objects(b"\xff", "ü".encode()),
        objects(),
        np.empty((0, 500), object),
        np.empty((0, 500), np.float32),
        np.array(1.5, np.float32),
        np.array([[1.0, -np.inf], [np.nan, 0.1]], np.float32),
        np.arange(12, dtype=np.float32).reshape(3, 4).T,  # not as it lies in memory
        np.array([[1, -2]], np.int64),
        np.array([True, False]),
        np.array([1.5], np.float16),
    ],
)
def test_tensors(array: np.ndarray) -> None:
    expected = tensor_pb2.TensorProto()
    tensors.fill_proto(expected, array)
    got = tensor_pb2.TensorProto.FromString(encoding.encode_tensor(array))
    assert got.SerializeToString(deterministic=True) == expected.SerializeToString(
        deterministic=True
    )
    assert tf.make_ndarray(got).shape == array.shape


@given(values=st.lists(st.binary(max_size=300), max_size=20))
def test_strings(values: list[bytes]) -> None:
    got = tensor_pb2.TensorProto.FromString(encoding.encode_tensor(objects(*values)))
    assert list(got.string_val) == values


def test_response() -> None:
    outputs = {"scores": np.ones((2, 200), np.float32), "é": objects(b"x")}
    response = predict_pb2.PredictResponse.FromString(
        encoding.encode_response("segue", 2**62, "serving_default", outputs)
    )
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == (
        "segue",
        2**62,
        "serving_default",
    )
    assert set(response.outputs) == {"scores", "é"}
    assert list(response.outputs["scores"].float_val) == [1.0] * 400
    assert [dim.size for dim in response.outputs["scores"].tensor_shape.dim] == [2, 200]


def test_response_without_outputs() -> None:
    response = predict_pb2.PredictResponse.FromString(encoding.encode_response("m", 1, "s", {}))
    assert response.model_spec.name == "m"
    assert not response.outputs
