"""Requests as they go to a server, and the signatures that they rely on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2

from components.infra_check.queries import Query
from schema import features

#: Inputs and outputs that a client relies on, with the number of their dimensions.
SIGNATURES: Final[dict[str, tuple[dict[str, Any], dict[str, Any]]]] = {
    "serving_default": (
        {"name": (tf.string, 1), "track_uris": (tf.string, 2)},
        {"track_uris": (tf.string, 2), "scores": (tf.float32, 2)},
    ),
    "serving_examples": (
        {"examples": (tf.string, 1)},
        {"track_uris": (tf.string, 2), "scores": (tf.float32, 2)},
    ),
    "track_metadata": (
        {"track_uris": (tf.string, 1)},
        {"track_name": (tf.string, 1), "artist_name": (tf.string, 1)},
    ),
}


def signature_problems(found: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Compares a model's signatures with those that clients rely on.

    Args:
        found: SignatureDefs by name.

    Yields:
        What was looked at, and what is wrong or None.
    """
    for name, (inputs, outputs) in SIGNATURES.items():
        if name not in found:
            yield name, f"is missing; there are {sorted(found)}"
            continue
        for kind, wanted, tensors in (
            ("input", inputs, found[name].inputs),
            ("output", outputs, found[name].outputs),
        ):
            for key, (dtype, rank) in wanted.items():
                yield f"{name}: {kind} {key}", _tensor_problem(tensors, key, dtype, rank)


def playlists_request(asked: Sequence[Query], signature: str) -> predict_pb2.PredictRequest:
    """Asks for the continuations of playlists, by `serving_default` or `serving_examples`."""
    if signature == "serving_examples":
        inputs = {"examples": _strings([_example(query) for query in asked], [len(asked)])}
    else:
        width = max(len(query.track_uris) for query in asked)
        padded = [
            uri
            for query in asked
            for uri in (*query.track_uris, *[b""] * (width - len(query.track_uris)))
        ]
        inputs = {
            "name": _strings([query.name for query in asked], [len(asked)]),
            "track_uris": _strings(padded, [len(asked), width]),
        }
    return _request(inputs, signature)


def names_request(uris: Sequence[bytes]) -> predict_pb2.PredictRequest:
    """Asks for the names of tracks."""
    return _request({"track_uris": _strings(uris, [len(uris)])}, "track_metadata")


def _request(inputs: dict[str, Any], signature: str) -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest(inputs=inputs)
    request.model_spec.signature_name = signature
    return request


def _example(query: Query) -> bytes:
    if query.example is not None:
        return query.example
    example = tf.train.Example()
    example.features.feature[features.NAME].bytes_list.value.append(query.name)
    example.features.feature[features.TRACK_URI].bytes_list.value.extend(query.track_uris)
    return example.SerializeToString(deterministic=True)


def _strings(values: Sequence[bytes], shape: Sequence[int]) -> tensor_pb2.TensorProto:
    tensor = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, string_val=values)
    for size in shape:
        tensor.tensor_shape.dim.add().size = size
    return tensor


def _tensor_problem(tensors: Any, key: str, dtype: tf.DType, rank: int) -> str | None:
    if key not in tensors:
        return f"is missing; there are {sorted(tensors)}"
    tensor = tensors[key]
    if tensor.dtype != dtype.as_datatype_enum:
        return f"is {tf.dtypes.as_dtype(tensor.dtype).name}, not {dtype.name}"
    if not tensor.tensor_shape.unknown_rank and len(tensor.tensor_shape.dim) != rank:
        return f"has {len(tensor.tensor_shape.dim)} dimensions, not {rank}"
    return None
