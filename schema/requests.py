"""Contract C3 on the wire: requests to an exported model's signatures, on bytes.

Text is bytes here, since a title or a URI may be anything; `serving.protocol` has the view on
`str`. This module needs TensorFlow's messages: import it only where requests are made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import model_pb2, predict_pb2

from schema import signatures

#: The title and the tracks of a playlist.
Playlist = tuple[bytes, Sequence[bytes]]


def string_tensor(values: Sequence[bytes], shape: Sequence[int]) -> tensor_pb2.TensorProto:
    """A string tensor of these values, which are in row-major order."""
    tensor = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, string_val=values)
    for size in shape:
        tensor.tensor_shape.dim.add().size = size
    return tensor


def playlists_request(
    playlists: Sequence[Playlist], spec: model_pb2.ModelSpec | None = None, *, min_columns: int = 1
) -> predict_pb2.PredictRequest:
    """Asks `serving_default` to continue playlists.

    Args:
        playlists: B playlists; shorter ones are padded with "" to S, the length of the longest.
        spec: model and version; None leaves them to whoever sends the request.
        min_columns: least S. The contract allows 0, but TF Serving refuses a request without
            columns where it pads requests of different lengths to batch them.
    """
    width = max([min_columns, *(len(uris) for _, uris in playlists)])
    padded = [uri for _, uris in playlists for uri in (*uris, *[b""] * (width - len(uris)))]
    inputs = {
        signatures.NAME: string_tensor([name for name, _ in playlists], [len(playlists)]),
        signatures.TRACK_URIS: string_tensor(padded, [len(playlists), width]),
    }
    return _recommendations(signatures.SERVING_DEFAULT, inputs, spec)


def examples_request(
    examples: Sequence[bytes], spec: model_pb2.ModelSpec | None = None
) -> predict_pb2.PredictRequest:
    """Asks `serving_examples` to continue playlists.

    Args:
        examples: B serialised raw `tf.train.Example`s (contract C4).
        spec: model and version; None leaves them to whoever sends the request.
    """
    inputs = {signatures.EXAMPLES: string_tensor(examples, [len(examples)])}
    return _recommendations(signatures.SERVING_EXAMPLES, inputs, spec)


def names_request(
    uris: Sequence[bytes], spec: model_pb2.ModelSpec | None = None
) -> predict_pb2.PredictRequest:
    """Asks `track_metadata` to describe tracks.

    Args:
        uris: N tracks.
        spec: model and version; None leaves them to whoever sends the request.
    """
    inputs = {signatures.TRACK_URIS: string_tensor(uris, [len(uris)])}
    return _request(signatures.TRACK_METADATA, inputs, spec)


def _recommendations(
    signature: str,
    inputs: Mapping[str, tensor_pb2.TensorProto],
    spec: model_pb2.ModelSpec | None,
) -> predict_pb2.PredictRequest:
    request = _request(signature, inputs, spec)
    request.output_filter.extend([signatures.TRACK_URIS, signatures.SCORES])
    return request


def _request(
    signature: str,
    inputs: Mapping[str, tensor_pb2.TensorProto],
    spec: model_pb2.ModelSpec | None,
) -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest(inputs=inputs, model_spec=spec)
    request.model_spec.signature_name = signature
    return request
