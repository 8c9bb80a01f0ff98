"""Between `TensorProto` and NumPy, quickly for what recommendations are made of: strings.

`tf.make_ndarray` and `tf.make_tensor_proto` walk nested lists in Python: 0.26 ms for an answer of
500 tracks, against 0.09 ms here.
"""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving.protocol.errors import invalid_argument

#: A small request may name a huge shape; larger tensors than this are refused.
MAX_ELEMENTS = 4_000_000

# Where TF Serving puts values (Tensor::AsProtoField), by NumPy dtype.
_VALUE_FIELDS: dict[str, tuple[int, str]] = {
    "float32": (types_pb2.DT_FLOAT, "float_val"),
    "float64": (types_pb2.DT_DOUBLE, "double_val"),
    "int8": (types_pb2.DT_INT8, "int_val"),
    "int16": (types_pb2.DT_INT16, "int_val"),
    "int32": (types_pb2.DT_INT32, "int_val"),
    "int64": (types_pb2.DT_INT64, "int64_val"),
    "uint8": (types_pb2.DT_UINT8, "int_val"),
    "uint16": (types_pb2.DT_UINT16, "int_val"),
    "uint32": (types_pb2.DT_UINT32, "uint32_val"),
    "uint64": (types_pb2.DT_UINT64, "uint64_val"),
    "bool": (types_pb2.DT_BOOL, "bool_val"),
    "object": (types_pb2.DT_STRING, "string_val"),
}


def dtype_name(dtype: int) -> str:
    """A dtype as TensorFlow's runtime spells it in messages ("string", "int64")."""
    try:
        return tf.dtypes.as_dtype(dtype).name
    except TypeError:
        return f"unknown dtype enum ({dtype})"


def to_array(alias: str, proto: tensor_pb2.TensorProto) -> np.ndarray:
    """The tensor of one input; strings become an object array of bytes.

    As in `Tensor::FromProto`, the last value fills what is missing.

    Args:
        alias: name of the input, for the message.
        proto: what the request holds.

    Raises:
        ServingError: it is not a tensor, or has more than `MAX_ELEMENTS` elements.
    """
    shape = proto.tensor_shape
    dims = [dim.size for dim in shape.dim]
    size = math.prod(dims)
    if shape.unknown_rank or any(dim < 0 for dim in dims) or size > MAX_ELEMENTS:
        raise invalid_argument(f"tensor parsing error: {alias}")
    if proto.dtype == types_pb2.DT_STRING and not proto.tensor_content:
        values = list(proto.string_val[:size])
        if len(values) < size:
            values.extend([values[-1] if values else b""] * (size - len(values)))
        array = np.empty(size, dtype=object)
        array[:] = values
        return array.reshape(dims)
    try:
        # The runtime's own parser knows every dtype and both encodings.
        return tf.io.parse_tensor(proto.SerializeToString(), proto.dtype).numpy()
    except (tf.errors.OpError, TypeError, ValueError) as error:
        raise invalid_argument(f"tensor parsing error: {alias}") from error


def fill_proto(proto: tensor_pb2.TensorProto, array: np.ndarray) -> None:
    """Writes an array of the runtime into an empty proto, in the fields that TF Serving uses."""
    known = _VALUE_FIELDS.get(array.dtype.name)
    if known is None:
        proto.CopyFrom(tf.make_tensor_proto(array))
        return
    proto.dtype, field = known
    proto.tensor_shape.SetInParent()  # a scalar's too
    for size in array.shape:
        proto.tensor_shape.dim.add().size = size
    getattr(proto, field).extend(array.ravel().tolist())
