"""Warm-up requests that travel with a model, for TF Serving to run before the model serves.

The first requests to a model are slow: memory is allocated, and graphs are put together for the
tensors that are fed and fetched. TF Serving runs what it finds in
`assets.extra/tf_serving_warmup_requests` of a SavedModel, a TFRecord file of `PredictionLog`.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator
from typing import Final

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from models.contract import Catalogue
from schema import features
from schema.requests import (
    Listener,
    examples_request,
    listeners_request,
    names_request,
    playlists_request,
)
from schema.signatures import MAX_WARMUP_REQUESTS, WARMUP_FILE

# Sizes that decide which memory a request needs: seeds of a playlist, and playlists at once.
_SEEDS: Final = (1, 10, 100)
_ROWS: Final = (8, 32)
_NAMES: Final = 500


def write_warmup(export_dir: str, requests: Iterable[predict_pb2.PredictRequest]) -> None:
    """Puts Predict requests into a SavedModel, for any TF Serving to warm up with.

    Args:
        export_dir: the SavedModel's directory.
        requests: at most `MAX_WARMUP_REQUESTS`; the model that they name does not matter.

    Raises:
        ValueError: there are more.
    """
    path = os.path.join(export_dir, WARMUP_FILE)
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.TFRecordWriter(path) as writer:
        for count, request in enumerate(requests):
            if count == MAX_WARMUP_REQUESTS:
                raise ValueError(f"at most {MAX_WARMUP_REQUESTS} warm-up requests can be written")
            log = prediction_log_pb2.PredictionLog()
            log.predict_log.request.CopyFrom(request)
            writer.write(log.SerializeToString(deterministic=True))


def warmup_requests(catalogue: Catalogue) -> Iterator[predict_pb2.PredictRequest]:
    """A request of each kind and size that clients send, about tracks of the catalogue.

    Args:
        catalogue: at least one track.

    Yields:
        Requests to `serving_default` (nothing, a title only, 1 to 100 tracks, many playlists at
        once), to `serving_examples`, to `serving_listener` and to `track_metadata`.
    """
    tracks = [bytes(uri) for uri in catalogue.track_uris[:_NAMES]]
    title = bytes(catalogue.track_names[0]) or b"playlist"
    yield playlists_request([(b"", [])])
    yield playlists_request([(title, [])])
    for count in _SEEDS:
        yield playlists_request([(title, tracks[:count])])
    seeds = itertools.cycle(tracks)
    for rows in _ROWS:
        yield playlists_request([(title, list(itertools.islice(seeds, 10))) for _ in range(rows)])
    example = tf.train.Example()
    example.features.feature[features.NAME].bytes_list.value.append(title)
    example.features.feature[features.TRACK_URI].bytes_list.value.extend(tracks[:10])
    yield examples_request([example.SerializeToString(deterministic=True)])
    for count in _SEEDS:
        yield listeners_request([Listener(tracks[:count], range(1, 1 + len(tracks[:count])))])
    yield names_request(tracks)
