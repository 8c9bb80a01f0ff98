"""Writes the answer to a Predict request in Protocol Buffers' wire format.

An answer is 500 strings of one length and 500 floats, which the general way (a message that is
filled and then serialised) takes 0.1 ms for and this one a quarter of that. Fields and numbers
are those of predict.proto, model.proto and tensor.proto; values are where TF Serving puts them.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import numpy as np
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
from tensorflow_serving.apis import model_pb2

from serving.protocol import tensors

# (field number << 3) | wire type, the type 2 being a length and so many bytes.
_OUTPUTS = b"\x0a"  # PredictResponse.outputs = 1
_MODEL_SPEC = b"\x12"  # PredictResponse.model_spec = 2
_KEY, _VALUE = b"\x0a", b"\x12"  # of an entry of a map
_SHAPE = b"\x12"  # TensorProto.tensor_shape = 2
_FLOATS = b"\x2a"  # TensorProto.float_val = 5, packed
_STRING = b"\x42"  # TensorProto.string_val = 8

_FLOAT_HEAD = bytes([0x08, types_pb2.DT_FLOAT])  # TensorProto.dtype = 1
_STRING_HEAD = bytes([0x08, types_pb2.DT_STRING])


def encode_response(
    model: str, version: int, signature: str, outputs: Mapping[str, np.ndarray]
) -> bytes:
    """A serialised `PredictResponse`.

    Args:
        model: name of the model.
        version: the version that answered.
        signature: name of the signature.
        outputs: values by alias, of any shape and dtype.
    """
    parts = []
    for alias, array in outputs.items():
        key, tensor = _field(_KEY, alias.encode()), encode_tensor(array)
        head = _VALUE + _varint(len(tensor))
        parts += [_OUTPUTS, _varint(len(key) + len(head) + len(tensor)), key, head, tensor]
    parts.append(_spec(model, version, signature))
    return b"".join(parts)


def encode_tensor(array: np.ndarray) -> bytes:
    """A serialised `TensorProto`, with the values in the field of their dtype."""
    if array.dtype == np.float32:
        packed = array.astype("<f4", copy=False).tobytes()
        return _FLOAT_HEAD + _shape(array.shape) + (_field(_FLOATS, packed) if packed else b"")
    if array.dtype == object:
        return _STRING_HEAD + _shape(array.shape) + _strings(array.ravel().tolist())
    proto = tensor_pb2.TensorProto()
    tensors.fill_proto(proto, array)
    return proto.SerializeToString()


def _strings(values: Sequence[bytes]) -> bytes:
    lengths = set(map(len, values))
    if len(lengths) == 1:  # as of tracks' URIs
        head = _STRING + _varint(lengths.pop())
        return head + head.join(values)
    heads = {length: _STRING + _varint(length) for length in lengths}
    return b"".join([part for value in values for part in (heads[len(value)], value)])


@functools.lru_cache(maxsize=256)
def _spec(model: str, version: int, signature: str) -> bytes:
    spec = model_pb2.ModelSpec(name=model, signature_name=signature)
    spec.version.value = version
    return _field(_MODEL_SPEC, spec.SerializeToString())


@functools.lru_cache(maxsize=256)
def _shape(sizes: tuple[int, ...]) -> bytes:
    shape = tensor_shape_pb2.TensorShapeProto()
    for size in sizes:
        shape.dim.add().size = size
    return _field(_SHAPE, shape.SerializeToString())


def _field(head: bytes, content: bytes) -> bytes:
    return head + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    """A number of at least 0, seven bits a byte, the lowest first."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
