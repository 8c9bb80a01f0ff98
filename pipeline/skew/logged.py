"""What a record of a request log says: the playlists that were asked about, and their answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from schema import features, signatures
from serving.protocol import ServingError, tensors

_PREDICT_LOG: Final = "predict_log"

#: Why a record is set aside.
NOT_A_LOG, BAD_REQUEST, NO_ANSWER, BAD_ANSWER = (
    "not_a_prediction_log",
    "bad_request",
    "no_answer",
    "bad_answer",
)


class BadRecordError(ValueError):
    """A record that cannot be used; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclasses.dataclass(frozen=True)
class LoggedPlaylist:
    """A playlist that somebody asked about.

    Attributes:
        title: its title, b"" for none.
        seeds: its tracks.
        tracks: how many tracks the answer has; None where they were not asked for.
    """

    title: bytes
    seeds: Sequence[bytes]
    tracks: int | None


@dataclasses.dataclass(frozen=True)
class LoggedRequest:
    """A record.

    Attributes:
        kind: the signature; of what is no Predict request, the kind of log.
        version: the version that answered, 0 where that is unknown.
        second: when, since 1970; 0 where that is unknown.
        playlists: what was asked; empty where it was not about playlists.
    """

    kind: str
    version: int
    second: int
    playlists: Sequence[LoggedPlaylist]


def read_record(record: bytes) -> LoggedRequest:
    """Reads a serialised `PredictionLog`.

    Raises:
        BadRecordError: it is none, or its request or answer does not fit contract C3.
    """
    try:
        log = prediction_log_pb2.PredictionLog.FromString(record)
    except DecodeError:
        raise BadRecordError(NOT_A_LOG) from None
    kind = log.WhichOneof("log_type")
    if kind is None:
        raise BadRecordError(NOT_A_LOG)
    second = max(0, log.log_metadata.timestamp_secs)
    if kind != _PREDICT_LOG:
        return LoggedRequest(kind, 0, second, ())
    request, response = log.predict_log.request, log.predict_log.response
    if not response.outputs:
        raise BadRecordError(NO_ANSWER)
    specs = (response.model_spec, log.log_metadata.model_spec)
    version = next((max(0, s.version.value) for s in specs if s.HasField("version")), 0)
    signature = next(
        (s.signature_name for s in (*specs, request.model_spec) if s.signature_name),
        signatures.SERVING_DEFAULT,
    )
    asked = _ASKED.get(signature)
    if asked is None:
        return LoggedRequest(signature, version, second, ())
    playlists = asked(request)
    answered = _answered(response, len(playlists))
    return LoggedRequest(
        signature,
        version,
        second,
        [
            LoggedPlaylist(title, seeds, tracks)
            for (title, seeds), tracks in zip(playlists, answered, strict=True)
        ],
    )


def _by_tensors(request: predict_pb2.PredictRequest) -> list[tuple[bytes, list[bytes]]]:
    names = _array(request.inputs, signatures.NAME, 1, BAD_REQUEST)
    uris = _array(request.inputs, signatures.TRACK_URIS, 2, BAD_REQUEST)
    if len(names) != len(uris):
        raise BadRecordError(BAD_REQUEST)
    rows = zip(names.tolist(), uris.tolist(), strict=True)
    return [(name, [uri for uri in row if uri]) for name, row in rows]


def _by_examples(request: predict_pb2.PredictRequest) -> list[tuple[bytes, list[bytes]]]:
    playlists = []
    for serialised in _array(request.inputs, signatures.EXAMPLES, 1, BAD_REQUEST).tolist():
        try:
            found = tf.train.Example.FromString(serialised).features.feature
        except DecodeError:
            raise BadRecordError(BAD_REQUEST) from None
        title = found[features.NAME].bytes_list.value
        seeds = found[features.TRACK_URI].bytes_list.value
        playlists.append((title[0] if title else b"", [uri for uri in seeds if uri]))
    return playlists


_ASKED: Final = {
    signatures.SERVING_DEFAULT: _by_tensors,
    signatures.SERVING_EXAMPLES: _by_examples,
}


def _answered(response: predict_pb2.PredictResponse, rows: int) -> list[int | None]:
    """How many tracks each playlist got."""
    if signatures.TRACK_URIS not in response.outputs:
        return [None] * rows
    uris = _array(response.outputs, signatures.TRACK_URIS, 2, BAD_ANSWER)
    if len(uris) != rows:
        raise BadRecordError(BAD_ANSWER)
    return [sum(1 for uri in row if uri) for row in uris.tolist()]


def _array(values: Any, alias: str, rank: int, reason: str) -> np.ndarray:
    """A tensor of strings."""
    if alias not in values:
        raise BadRecordError(reason)
    try:
        array = tensors.to_array(alias, values[alias])
    except ServingError:
        raise BadRecordError(reason) from None
    if array.dtype != object or array.ndim != rank:
        raise BadRecordError(reason)
    return array
