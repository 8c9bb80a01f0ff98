"""Requests for recommendations and what their answers say: contract C3 on the wire."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import model_pb2, predict_pb2

from schema import requests
from schema.signatures import ARTIST_NAME, SCORES, TRACK_NAME, TRACK_URIS


class BadAnswerError(RuntimeError):
    """A server answered something that contract C3 does not allow."""


@dataclasses.dataclass(frozen=True)
class Playlist:
    """A playlist to continue.

    Attributes:
        name: its title, "" for none.
        track_uris: its tracks, for instance "spotify:track:0UaMYEvWZi0ZqiDOoHU3YI".
        key: the caller's name for it, for instance its pid; the answer repeats it.
    """

    name: str = ""
    track_uris: tuple[str, ...] = ()
    key: str = ""


@dataclasses.dataclass(frozen=True)
class Recommendation:
    """One recommended track.

    Attributes:
        rank: 1 for the best.
        track_uri: the track.
        score: how well it fits, comparable within one answer only.
        track_name: its title, "" where the server does not know it.
        artist_name: its artist, "" where the server does not know it.
    """

    rank: int
    track_uri: str
    score: float
    track_name: str = ""
    artist_name: str = ""


@dataclasses.dataclass(frozen=True)
class Continuation:
    """The answer for one playlist.

    Attributes:
        playlist: what was asked.
        recommendations: best first.
        model_version: the version that answered.
    """

    playlist: Playlist
    recommendations: tuple[Recommendation, ...]
    model_version: int


def model_spec(
    model: str, version: int | None = None, label: str | None = None
) -> model_pb2.ModelSpec:
    """Names a model, and at most one of a version and a label."""
    spec = model_pb2.ModelSpec(name=model)
    if version is not None:
        spec.version.value = version
    elif label is not None:
        spec.version_label = label
    return spec


def playlists_request(
    spec: model_pb2.ModelSpec, playlists: Sequence[Playlist]
) -> predict_pb2.PredictRequest:
    """Asks for the continuations of playlists; see `schema.requests`."""
    return requests.playlists_request(
        [(_encode(item.name), [_encode(uri) for uri in item.track_uris]) for item in playlists],
        spec,
    )


def names_request(spec: model_pb2.ModelSpec, uris: Sequence[str]) -> predict_pb2.PredictRequest:
    """Asks for the titles and artists of tracks."""
    return requests.names_request([_encode(uri) for uri in uris], spec)


def read_recommendations(
    response: predict_pb2.PredictResponse, rows: int, top: int
) -> list[list[tuple[str, float]]]:
    """The first `top` tracks and scores of every row, without the filling.

    Raises:
        BadAnswerError: the answer is not one of `serving_default`.
    """
    uris = _values(response.outputs, TRACK_URIS, rank=2)
    scores = _values(response.outputs, SCORES, rank=2)
    if uris.shape != scores.shape or len(uris) != rows:
        raise BadAnswerError(
            f"expected {rows} rows of as many tracks as scores; got track_uris of shape "
            f"{list(uris.shape)} and scores of shape {list(scores.shape)}"
        )
    return [
        [
            (uri.decode("utf-8", "replace"), score)
            for uri, score in zip(row[:top].tolist(), row_scores[:top].tolist(), strict=True)
            if uri and not math.isinf(score)
        ]
        for row, row_scores in zip(uris, scores, strict=True)
    ]


def read_names(response: predict_pb2.PredictResponse, count: int) -> list[tuple[str, str]]:
    """Title and artist of every track that was asked for.

    Raises:
        BadAnswerError: the answer is not one of `track_metadata`.
    """
    titles, artists = (
        [value.decode("utf-8", "replace") for value in _values(response.outputs, key, 1).tolist()]
        for key in (TRACK_NAME, ARTIST_NAME)
    )
    if len(titles) != count or len(artists) != count:
        raise BadAnswerError(f"expected the names of {count} tracks; got {len(titles)}")
    return list(zip(titles, artists, strict=True))


def continuations(
    playlists: Sequence[Playlist],
    ranked: Sequence[Sequence[tuple[str, float]]],
    names: Mapping[str, tuple[str, str]],
    version: int,
) -> list[Continuation]:
    """Puts an answer together."""
    return [
        Continuation(
            playlist,
            tuple(
                Recommendation(rank, uri, score, *names.get(uri, ("", "")))
                for rank, (uri, score) in enumerate(row, start=1)
            ),
            version,
        )
        for playlist, row in zip(playlists, ranked, strict=True)
    ]


def _values(outputs: Mapping[str, Any], key: str, rank: int) -> np.ndarray:
    if key not in outputs:
        raise BadAnswerError(f"the answer has no output {key}; it has {sorted(outputs)}")
    tensor = outputs[key]
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    if tensor.dtype == types_pb2.DT_STRING:
        values = np.array(list(tensor.string_val), dtype=object)
    elif tensor.dtype == types_pb2.DT_FLOAT:
        # TF Serving sends either, by its configuration.
        values = (
            np.frombuffer(tensor.tensor_content, dtype="<f4")
            if tensor.tensor_content
            else np.array(tensor.float_val, dtype=np.float32)
        )
    else:
        raise BadAnswerError(f"output {key} has dtype {types_pb2.DataType.Name(tensor.dtype)}")
    if len(shape) != rank or math.prod(shape) != len(values):
        raise BadAnswerError(f"output {key} has shape {shape} and {len(values)} values")
    return values.reshape(shape)


def _encode(text: str) -> bytes:
    # Broken input files hold halves of surrogate pairs, which UTF-8 cannot write: they become "?".
    return text.encode("utf-8", "replace")
