"""Warm-up requests that travel with a model, for TF Serving to run before the model serves.

The first requests to a model are slow: memory is allocated, and graphs are put together for the
tensors that are fed and fetched. TF Serving runs what it finds in
`assets.extra/tf_serving_warmup_requests` of a SavedModel, a TFRecord file of `PredictionLog`.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from models.contract import Catalogue
from schema import features

WARMUP_FILE: Final = os.path.join("assets.extra", "tf_serving_warmup_requests")
#: TF Serving refuses a model that has more of them.
MAX_RECORDS: Final = 1000

# Sizes that decide which memory a request needs: seeds of a playlist, and playlists at once.
_SEEDS: Final = (1, 10, 100)
_ROWS: Final = (8, 32)
_NAMES: Final = 500


def write_warmup(export_dir: str, requests: Iterable[predict_pb2.PredictRequest]) -> None:
    """Puts Predict requests into a SavedModel, for any TF Serving to warm up with.

    Args:
        export_dir: the SavedModel's directory.
        requests: at most `MAX_RECORDS`; the model that they name does not matter.

    Raises:
        ValueError: there are more.
    """
    path = os.path.join(export_dir, WARMUP_FILE)
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.TFRecordWriter(path) as writer:
        for count, request in enumerate(requests):
            if count == MAX_RECORDS:
                raise ValueError(f"at most {MAX_RECORDS} warm-up requests can be written")
            log = prediction_log_pb2.PredictionLog()
            log.predict_log.request.CopyFrom(request)
            writer.write(log.SerializeToString(deterministic=True))


def warmup_requests(catalogue: Catalogue) -> Iterator[predict_pb2.PredictRequest]:
    """A request of each kind and size that clients send, about tracks of the catalogue.

    Args:
        catalogue: at least one track.

    Yields:
        Requests to `serving_default` (nothing, a title only, 1 to 100 tracks, many playlists at
        once), to `serving_examples` and to `track_metadata`.
    """
    tracks = [bytes(uri) for uri in catalogue.track_uris[:_NAMES]]
    title = bytes(catalogue.track_names[0]) or b"playlist"
    yield _playlists([(b"", [])])
    yield _playlists([(title, [])])
    for count in _SEEDS:
        yield _playlists([(title, tracks[:count])])
    seeds = itertools.cycle(tracks)
    for rows in _ROWS:
        yield _playlists([(title, list(itertools.islice(seeds, 10))) for _ in range(rows)])
    example = tf.train.Example()
    example.features.feature[features.NAME].bytes_list.value.append(title)
    example.features.feature[features.TRACK_URI].bytes_list.value.extend(tracks[:10])
    examples = _strings([example.SerializeToString(deterministic=True)], [1])
    yield _request("serving_examples", {"examples": examples})
    yield _request("track_metadata", {"track_uris": _strings(tracks, [len(tracks)])})


def _playlists(playlists: Sequence[tuple[bytes, list[bytes]]]) -> predict_pb2.PredictRequest:
    width = max(1, *(len(tracks) for _, tracks in playlists))
    padded = [uri for _, tracks in playlists for uri in tracks + [b""] * (width - len(tracks))]
    inputs = {
        "name": _strings([title for title, _ in playlists], [len(playlists)]),
        "track_uris": _strings(padded, [len(playlists), width]),
    }
    return _request("serving_default", inputs)


def _request(
    signature: str, inputs: dict[str, tensor_pb2.TensorProto]
) -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest(inputs=inputs)
    request.model_spec.signature_name = signature
    return request


def _strings(values: Sequence[bytes], shape: Sequence[int]) -> tensor_pb2.TensorProto:
    tensor = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, string_val=values)
    for size in shape:
        tensor.tensor_shape.dim.add().size = size
    return tensor
