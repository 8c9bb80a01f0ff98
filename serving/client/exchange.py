"""What a client asks a server for a recommendation: tracks first, then their names."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import grpc
from tensorflow_serving.apis import predict_pb2

from serving.protocol import Continuation, Playlist, ServingError, messages

# A server takes a limited number of rows, and answers each with 500 tracks.
_PLAYLISTS_AT_ONCE = 64
_NAMES_AT_ONCE = 500

#: Sends a request; raises ServingError where the server does not answer it.
Predict = Callable[[predict_pb2.PredictRequest], predict_pb2.PredictResponse]


@dataclasses.dataclass(frozen=True)
class ModelChoice:
    """Which model answers: its latest version, unless a version or a label is given."""

    model: str = "segue"
    version: int | None = None
    label: str | None = None


def continue_playlists(
    predict: Predict,
    choice: ModelChoice,
    playlists: Sequence[Playlist],
    *,
    top: int,
    with_names: bool,
) -> list[Continuation]:
    """Asks for continuations and, of the same version, for the names of their tracks.

    Args:
        predict: sends a request.
        choice: which model answers.
        playlists: the playlists.
        top: how many tracks to return for each at most.
        with_names: whether to ask for names.

    Raises:
        ServingError: as `predict`.
        BadAnswerError: an answer breaks contract C3.
    """
    answers = []
    for start in range(0, len(playlists), _PLAYLISTS_AT_ONCE):
        part = playlists[start : start + _PLAYLISTS_AT_ONCE]
        answers += _continue_part(predict, choice, part, top=top, with_names=with_names)
    return answers


def track_names(
    predict: Predict, choice: ModelChoice, uris: Sequence[str]
) -> dict[str, tuple[str, str]]:
    """Asks for the title and the artist of tracks.

    Args:
        predict: sends a request.
        choice: which model answers.
        uris: the tracks.

    Returns:
        Title and artist by URI, "" where the model does not know them. Empty where the model has no
        signature for names.

    Raises:
        ServingError: as `predict`.
        BadAnswerError: an answer breaks contract C3.
    """
    spec = messages.model_spec(choice.model, choice.version, choice.label)
    names: dict[str, tuple[str, str]] = {}
    for start in range(0, len(uris), _NAMES_AT_ONCE):
        part = uris[start : start + _NAMES_AT_ONCE]
        try:
            response = predict(messages.names_request(spec, part))
        except ServingError as error:
            if error.code is grpc.StatusCode.FAILED_PRECONDITION:
                return {}
            raise
        names.update(zip(part, messages.read_names(response, len(part)), strict=True))
    return names


def _continue_part(
    predict: Predict,
    choice: ModelChoice,
    playlists: Sequence[Playlist],
    *,
    top: int,
    with_names: bool,
) -> list[Continuation]:
    spec = messages.model_spec(choice.model, choice.version, choice.label)
    request = messages.playlists_request(spec, playlists)
    for last in (False, True):
        response = predict(request)
        ranked = messages.read_recommendations(response, len(playlists), top)
        version = response.model_spec.version.value
        names: dict[str, tuple[str, str]] = {}
        try:
            if with_names:
                uris = list(dict.fromkeys(uri for row in ranked for uri, _ in row))
                names = track_names(predict, ModelChoice(choice.model, version), uris)
        except ServingError as error:
            # The server may have unloaded the version between the two requests: ask the new one.
            if last or error.code is not grpc.StatusCode.NOT_FOUND:
                raise
        else:
            break
    return messages.continuations(playlists, ranked, names, version)
