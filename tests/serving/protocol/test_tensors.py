from __future__ import annotations

import grpc
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving.protocol import ServingError, tensors

SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)


@settings(deadline=None)
@given(
    hnp.arrays(
        st.sampled_from(["float32", "float64", "int32", "int64", "uint8", "bool", "float16"]),
        SHAPES,
    )
)
def test_numbers_round_trip(array: np.ndarray) -> None:
    proto = tensor_pb2.TensorProto()
    tensors.fill_proto(proto, array)
    back = tensors.to_array("x", proto)
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)
    np.testing.assert_array_equal(tf.make_ndarray(proto), array)  # any client reads it


@settings(deadline=None)
@given(SHAPES.flatmap(lambda shape: hnp.arrays(object, shape, elements=st.binary(max_size=6))))
def test_strings_round_trip(array: np.ndarray) -> None:
    proto = tensor_pb2.TensorProto()
    tensors.fill_proto(proto, array)
    assert tensors.to_array("x", proto).tolist() == array.tolist()
    assert tensors.to_array("x", tf.make_tensor_proto(array)).shape == array.shape


def test_fields_are_those_of_tf_serving() -> None:
    proto = tensor_pb2.TensorProto()
    tensors.fill_proto(proto, np.array([[1.5, -np.inf]], np.float32))
    assert list(proto.float_val) == [1.5, -np.inf]
    assert not proto.tensor_content


def test_strings_in_tensor_content() -> None:
    # TensorFlow's own encoding: the lengths, then the bytes.
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, tensor_content=b"\x01\x02abc")
    proto.tensor_shape.dim.add().size = 2
    assert tensors.to_array("x", proto).tolist() == [b"a", b"bc"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], [b"", b"", b""]), ([b"a"], [b"a"] * 3), ([b"a", b"b", b"c", b"d"], [b"a", b"b", b"c"])],
)
def test_too_few_and_too_many_values(values: list[bytes], expected: list[bytes]) -> None:
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, string_val=values)
    proto.tensor_shape.dim.add().size = 3
    assert tensors.to_array("x", proto).tolist() == expected


@pytest.mark.parametrize(
    "proto",
    [
        tensor_pb2.TensorProto(),
        tensor_pb2.TensorProto(dtype=99),
        tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_content=b"abc"),
        tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, tensor_shape={"unknown_rank": True}),
        tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, tensor_shape={"dim": [{"size": -1}]}),
        tensor_pb2.TensorProto(
            dtype=types_pb2.DT_FLOAT, tensor_shape={"dim": [{"size": tensors.MAX_ELEMENTS + 1}]}
        ),
        tensor_pb2.TensorProto(dtype=types_pb2.DT_VARIANT),
    ],
)
def test_what_is_no_tensor(proto: tensor_pb2.TensorProto) -> None:
    with pytest.raises(ServingError) as caught:
        tensors.to_array("x", proto)
    assert caught.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.message == "tensor parsing error: x"


def test_dtype_names() -> None:
    assert tensors.dtype_name(types_pb2.DT_INT64) == "int64"
    assert tensors.dtype_name(types_pb2.DT_STRING) == "string"
    assert tensors.dtype_name(4711) == "unknown dtype enum (4711)"
