"""Contract C3 on the wire: requests to an exported model's signatures, on bytes.

Text is bytes here, since a title or a URI may be anything; `serving.protocol` has the view on
`str`. This module needs TensorFlow's messages: import it only where requests are made.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import model_pb2, predict_pb2

from schema import signatures
from schema.features import LISTENER_COLUMNS

#: The title and the tracks of a playlist.
Playlist = tuple[bytes, Sequence[bytes]]


class Listener(NamedTuple):
    """What is told of a listener.

    Attributes:
        track_uris: what was streamed, repeats among it.
        timestamps: when, in Unix seconds, of each stream; or of none.
        features: in the order of LISTENER_COLUMNS, None or NaN where one is not known; or none.
        exclude_uris: tracks that are not to be recommended, beside those that were streamed.
    """

    track_uris: Sequence[bytes]
    timestamps: Sequence[int] = ()
    features: Sequence[float | None] = ()
    exclude_uris: Sequence[bytes] = ()


def string_tensor(values: Sequence[bytes], shape: Sequence[int]) -> tensor_pb2.TensorProto:
    """A string tensor of these values, which are in row-major order."""
    return _tensor(types_pb2.DT_STRING, shape, string_val=values)


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


def listeners_request(
    listeners: Sequence[Listener], spec: model_pb2.ModelSpec | None = None, *, min_columns: int = 1
) -> predict_pb2.PredictRequest:
    """Asks `serving_listener` to recommend to listeners.

    Args:
        listeners: B listeners; what they lack is padded, and features are always sent, NaN where
            they are not known, so that requests have the same columns.
        spec: model and version; None leaves them to whoever sends the request.
        min_columns: least number of streams and of excluded tracks, as of `playlists_request`.

    Raises:
        ValueError: see `check_listener`.
    """
    rows, columns = len(listeners), len(LISTENER_COLUMNS)
    streams = max([min_columns, *(len(each.track_uris) for each in listeners)])
    excluded = max([min_columns, *(len(each.exclude_uris) for each in listeners)])
    uris: list[bytes] = []
    out: list[bytes] = []
    times: list[int] = []
    numbers: list[float] = []
    for each in listeners:
        check_listener(each.track_uris, each.timestamps, each.features)
        uris += [*each.track_uris, *[b""] * (streams - len(each.track_uris))]
        times += [*each.timestamps, *[0] * (streams - len(each.timestamps))]
        out += [*each.exclude_uris, *[b""] * (excluded - len(each.exclude_uris))]
        known = each.features or [None] * columns
        numbers += [math.nan if number is None else number for number in known]
    inputs = {
        signatures.TRACK_URIS: string_tensor(uris, [rows, streams]),
        signatures.TIMESTAMPS: _tensor(types_pb2.DT_INT64, [rows, streams], int64_val=times),
        signatures.FEATURES: _tensor(types_pb2.DT_FLOAT, [rows, columns], float_val=numbers),
        signatures.EXCLUDE_URIS: string_tensor(out, [rows, excluded]),
    }
    return _recommendations(signatures.SERVING_LISTENER, inputs, spec)


def check_listener(
    track_uris: Sequence[Any], timestamps: Sequence[int], features: Sequence[float | None]
) -> None:
    """Checks that what is told of a listener belongs together.

    Raises:
        ValueError: there are not as many timestamps as streams, or another number of features than
            of LISTENER_COLUMNS, and more than none.
    """
    count, columns = len(track_uris), len(LISTENER_COLUMNS)
    if len(timestamps) not in (0, count):
        raise ValueError(f"{count} streams have {len(timestamps)} timestamps; give as many or none")
    if len(features) not in (0, columns):
        raise ValueError(f"a listener has {columns} features or none; {len(features)} are given")


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


def _tensor(dtype: int, shape: Sequence[int], **values: Any) -> tensor_pb2.TensorProto:
    tensor = tensor_pb2.TensorProto(dtype=dtype, **values)
    for size in shape:
        tensor.tensor_shape.dim.add().size = size
    return tensor


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
