from __future__ import annotations

import grpc
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving.protocol import ConfigError, ServingError, tensors
from serving.protocol.tensors import TensorLimits

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
        tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, tensor_shape={"dim": [{"size": 1}] * 33}),
        tensor_pb2.TensorProto(dtype=types_pb2.DT_VARIANT),
    ],
)
def test_what_is_no_tensor(proto: tensor_pb2.TensorProto) -> None:
    with pytest.raises(ServingError) as caught:
        tensors.to_array("x", proto)
    assert caught.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.message == "tensor parsing error: x"


def strings(shape: list[int], *values: bytes) -> tensor_pb2.TensorProto:
    return tensor_pb2.TensorProto(
        dtype=types_pb2.DT_STRING,
        tensor_shape={"dim": [{"size": size} for size in shape]},
        string_val=values,
    )


@pytest.mark.parametrize(
    ("proto", "message"),
    [
        (strings([0, 6]), "x has 6 columns; this server takes at most 5 (max_columns)"),
        (strings([1, 2, 3]), "x has 6 columns; this server takes at most 5 (max_columns)"),
        (strings([1, 10**12, 0]), f"x has {10**12} columns; this server takes at most 5"),
        (strings([10**12, 0]), f"x has {10**12} elements; this server takes at most 12"),
        (strings([3, 5]), "x has 15 elements; this server takes at most 12 (max_elements)"),
        # 128 bytes count as three elements, which each of five values is filled with.
        (strings([5], b"a" * 128), "x has 15 elements; this server takes at most 12"),
        (strings([5], b"", b"a" * 128, b""), "x has 15 elements; this server takes at most 12"),
        (
            tensor_pb2.TensorProto(
                dtype=types_pb2.DT_FLOAT, tensor_shape={"dim": [{"size": 3}, {"size": 5}]}
            ),
            "x has 15 elements",
        ),
        (
            tensor_pb2.TensorProto(
                dtype=types_pb2.DT_STRING,
                tensor_shape={"dim": [{"size": 1}]},
                tensor_content=b"\xc0\x06" + b"a" * 832,  # one string of 832 bytes
            ),
            "x has 14 elements",
        ),
    ],
)
def test_what_would_grow_too_large(proto: tensor_pb2.TensorProto, message: str) -> None:
    with pytest.raises(ServingError) as caught:
        tensors.to_array("x", proto, TensorLimits(max_columns=5, max_elements=12))
    assert caught.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.message.startswith(message)


def test_what_is_just_small_enough() -> None:
    limits = TensorLimits(max_columns=5, max_elements=10)
    for shape in ([2, 5], [0, 5], [10, 0], [1, 5, 1]):
        assert tensors.to_array("x", strings(shape), limits).shape == tuple(shape)
    # 127 bytes count as two elements.
    assert tensors.to_array("x", strings([5], b"a" * 127), limits).tolist() == [b"a" * 127] * 5


def test_scalar_string_in_tensor_content() -> None:
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, tensor_content=b"\x02ab")
    array = tensors.to_array("x", proto)
    assert (array.shape, array.item()) == ((), b"ab")


def test_elements_that_are_held() -> None:
    limits = TensorLimits(max_columns=5, max_elements=10)
    assert tensors.elements(strings([2, 3]), limits) == 6
    assert tensors.elements(strings([1], b"a", b"b", b"c"), limits) == 3  # sent, if not used
    assert tensors.elements(strings([0, 4]), limits) == 4
    # What is refused is not built.
    assert tensors.elements(strings([10**9]), limits) == 0
    assert tensors.elements(strings([-1]), limits) == 0
    assert tensors.elements(strings([10**9] * 1000), limits) == 0


def test_limits_that_cannot_be() -> None:
    with pytest.raises(ConfigError, match="max_columns must be at least 1; was 0"):
        TensorLimits(max_columns=0)
    with pytest.raises(
        ConfigError, match=r"max_elements must be at least max_columns \(9\); was 8"
    ):
        TensorLimits(max_columns=9, max_elements=8)


def test_dtype_names() -> None:
    assert tensors.dtype_name(types_pb2.DT_INT64) == "int64"
    assert tensors.dtype_name(types_pb2.DT_STRING) == "string"
    assert tensors.dtype_name(4711) == "unknown dtype enum (4711)"
