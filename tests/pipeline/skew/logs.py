"""Request logs by hand."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Sequence
from typing import Any

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from schema.requests import examples_request, playlists_request, string_tensor
from tests.serving import toy_model

OLD, NEW = 1_700_000_000, 1_702_000_000
DAY = 86_400


def uris(indices: Iterable[int]) -> list[bytes]:
    return [toy_model.uri(index).encode() for index in indices]


def record(
    title: str = "",
    seeds: Sequence[int] = (),
    *,
    tracks: int = 3,
    version: int = NEW,
    second: int = NEW + DAY,
    as_example: bool = False,
) -> Any:
    """A playlist that somebody asked about, and so many tracks in its answer."""
    log = prediction_log_pb2.PredictionLog()
    if as_example:
        example = tf.train.Example()
        if title:
            example.features.feature["name"].bytes_list.value.append(title.encode())
        example.features.feature["track_uri"].bytes_list.value.extend(uris(seeds))
        request = examples_request([example.SerializeToString()])
    else:
        request = playlists_request([(title.encode(), uris(seeds))], min_columns=4)
    request.model_spec.name = "segue"
    log.predict_log.request.CopyFrom(request)
    response = log.predict_log.response
    response.model_spec.CopyFrom(request.model_spec)
    response.model_spec.version.value = version
    answer = uris(range(tracks)) + [b""] * (5 - tracks)
    response.outputs["track_uris"].CopyFrom(string_tensor(answer, [1, 5]))
    log.log_metadata.timestamp_secs = second
    return log


def write(path: pathlib.Path, records: Iterable[Any]) -> pathlib.Path:
    """Writes records, messages or bytes, as TFRecords."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for each in records:
            writer.write(each if isinstance(each, bytes) else each.SerializeToString())
    return path
