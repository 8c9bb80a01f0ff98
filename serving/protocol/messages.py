"""Requests for recommendations and what their answers say: contract C3 on the wire."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import model_pb2, predict_pb2

from schema import requests, texts
from schema.scores import Basis
from schema.signatures import ARTIST_NAME, PLAYLISTS, SCORES, TRACK_NAME, TRACK_URIS

# How numbers lie in a tensor's bytes, and the field that holds them otherwise.
_NUMBERS: Final = {
    types_pb2.DT_FLOAT: ("<f4", "float_val"),
    types_pb2.DT_INT64: ("<i8", "int64_val"),
}


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
class Listener:
    """A listener to recommend to; see `schema.requests.Listener`.

    Attributes:
        track_uris: what was streamed, repeats among it.
        timestamps: when, in Unix seconds, of each stream; or of none.
        features: in the order of `schema.features.LISTENER_COLUMNS`, None where one is not known;
            or none.
        exclude_uris: tracks that are not to be recommended, beside those that were streamed.
        key: the caller's name for the listener; the answer repeats it.
    """

    track_uris: tuple[str, ...] = ()
    timestamps: tuple[int, ...] = ()
    features: tuple[float | None, ...] = ()
    exclude_uris: tuple[str, ...] = ()
    key: str = ""

    def __post_init__(self) -> None:
        requests.check_listener(self.track_uris, self.timestamps, self.features)

    def playlist(self) -> Playlist:
        """The tracks that were streamed, each once."""
        return Playlist("", tuple(dict.fromkeys(self.track_uris)), self.key)


@dataclasses.dataclass(frozen=True)
class Recommendation:
    """One recommended track.

    Attributes:
        rank: 1 for the best.
        track_uri: the track.
        score: how well it fits; what it means is for the answer's `basis` to say.
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
        playlist: what was asked; of a listener, what was streamed, each track once.
        recommendations: best first.
        model_version: the version that answered.
        seeds_known: how many of the playlist's tracks the model knows; None where it was not asked.
        basis: what the answer rests on, which says what its scores mean and whether they compare
            with another answer's (`schema.scores`); None where that is unknown.
    """

    playlist: Playlist
    recommendations: tuple[Recommendation, ...]
    model_version: int
    seeds_known: int | None = None
    basis: Basis | None = None


class TrackFacts(NamedTuple):
    """What a model says of a track.

    Attributes:
        track_name: its title, "" where the model does not know it.
        artist_name: its artist, "" where the model does not know it.
        playlists: how many of the training data's playlists hold it, 0 where the model does not
            know it; None where the model does not say.
    """

    track_name: str = ""
    artist_name: str = ""
    playlists: int | None = None

    @property
    def known(self) -> bool:
        """Whether the model knows the track."""
        return bool(self.playlists or self.track_name or self.artist_name)


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


def listeners_request(
    spec: model_pb2.ModelSpec, listeners: Sequence[Listener]
) -> predict_pb2.PredictRequest:
    """Asks for recommendations to listeners; see `schema.requests`."""
    return requests.listeners_request(
        [
            requests.Listener(
                [_encode(uri) for uri in item.track_uris],
                item.timestamps,
                item.features,
                [_encode(uri) for uri in item.exclude_uris],
            )
            for item in listeners
        ],
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


def read_one(response: predict_pb2.PredictResponse) -> tuple[list[bytes], list[float]]:
    """The tracks and scores of the only row, without the filling, as they came.

    Raises:
        BadAnswerError: the answer is not one of `serving_default`, or has other rows.
    """
    uris = _values(response.outputs, TRACK_URIS, rank=2)
    scores = _values(response.outputs, SCORES, rank=2)
    if uris.shape != scores.shape or len(uris) != 1:
        raise BadAnswerError(
            f"expected one row of as many tracks as scores; got track_uris of shape "
            f"{list(uris.shape)} and scores of shape {list(scores.shape)}"
        )
    # What fills a row ends it.
    count = int(np.count_nonzero(uris[0])) if len(uris[0]) else 0
    return uris[0, :count].tolist(), scores[0, :count].tolist()


def read_facts(response: predict_pb2.PredictResponse, count: int) -> list[TrackFacts]:
    """Title, artist and number of playlists of every track that was asked for.

    Raises:
        BadAnswerError: the answer is not one of `track_metadata`.
    """
    titles, artists = (
        [value.decode("utf-8", "replace") for value in _values(response.outputs, key, 1).tolist()]
        for key in (TRACK_NAME, ARTIST_NAME)
    )
    if len(titles) != count or len(artists) != count:
        raise BadAnswerError(f"expected the names of {count} tracks; got {len(titles)}")
    playlists: list[int] | list[None] = [None] * count
    if PLAYLISTS in response.outputs:
        playlists = _values(response.outputs, PLAYLISTS, 1).tolist()
    if len(playlists) != count:
        raise BadAnswerError(f"expected the playlists of {count} tracks; got {len(playlists)}")
    return [TrackFacts(*facts) for facts in zip(titles, artists, playlists, strict=True)]


def read_numbers(response: predict_pb2.PredictResponse, output: str, rank: int) -> np.ndarray:
    """An output of numbers.

    Args:
        response: the answer.
        output: its name.
        rank: how many dimensions it has.

    Raises:
        BadAnswerError: there is none, or it is something else.
    """
    return _values(response.outputs, output, rank)


def continuations(
    playlists: Sequence[Playlist],
    ranked: Sequence[Sequence[tuple[str, float]]],
    facts: Mapping[str, TrackFacts],
    version: int,
) -> list[Continuation]:
    """Puts an answer together.

    Args:
        playlists: what was asked.
        ranked: tracks and scores of each, best first.
        facts: of their tracks and of the playlists' own; empty where the model has none.
        version: which answered.
    """
    unknown = TrackFacts()
    answers = []
    for playlist, row in zip(playlists, ranked, strict=True):
        found = tuple(
            Recommendation(rank, uri, score, *facts.get(uri, unknown)[:2])
            for rank, (uri, score) in enumerate(row, start=1)
        )
        known = None
        if facts:
            known = sum(facts.get(uri, unknown).known for uri in playlist.track_uris)
        counts = [facts.get(uri, unknown).playlists for uri, _ in row]
        basis = _basis(playlist, known, [score for _, score in row], counts)
        answers.append(Continuation(playlist, found, version, known, basis))
    return answers


def _basis(
    playlist: Playlist, known: int | None, scores: Sequence[float], counts: Sequence[int | None]
) -> Basis | None:
    # Popular tracks, and they alone, score the number of their playlists (contract C3).
    if scores and list(scores) == list(counts):
        return Basis.POPULARITY
    if known:
        return Basis.TRACKS
    return Basis.TITLE if known == 0 and playlist.name else None


def _values(outputs: Mapping[str, Any], key: str, rank: int) -> np.ndarray:
    if key not in outputs:
        raise BadAnswerError(f"the answer has no output {key}; it has {sorted(outputs)}")
    tensor = outputs[key]
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    if tensor.dtype == types_pb2.DT_STRING:
        values = np.array(list(tensor.string_val), dtype=object)
    elif tensor.dtype in _NUMBERS:
        dtype, field = _NUMBERS[tensor.dtype]
        # TF Serving sends either, by its configuration.
        values = (
            np.frombuffer(tensor.tensor_content, dtype)
            if tensor.tensor_content
            else np.array(getattr(tensor, field), dtype)
        )
    else:
        raise BadAnswerError(f"output {key} has dtype {types_pb2.DataType.Name(tensor.dtype)}")
    if len(shape) != rank or math.prod(shape) != len(values):
        raise BadAnswerError(f"output {key} has shape {shape} and {len(values)} values")
    return values.reshape(shape)


def _encode(text: str) -> bytes:
    return texts.whole(text).encode()
