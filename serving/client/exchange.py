"""What a client asks a server for a recommendation: tracks first, then their names."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import grpc
from tensorflow_serving.apis import predict_pb2

from serving.protocol import Continuation, Listener, Playlist, ServingError, TrackFacts, messages

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
        with_names: whether to ask for names, and for which of the playlists' tracks are known.

    Raises:
        ServingError: as `predict`.
        BadAnswerError: an answer breaks contract C3.
    """
    answers = []
    spec = messages.model_spec(choice.model, choice.version, choice.label)
    for start in range(0, len(playlists), _PLAYLISTS_AT_ONCE):
        part = playlists[start : start + _PLAYLISTS_AT_ONCE]
        request = messages.playlists_request(spec, part)
        answers += _answers(predict, choice.model, request, part, top=top, with_names=with_names)
    return answers


def recommend_to_listeners(
    predict: Predict,
    choice: ModelChoice,
    listeners: Sequence[Listener],
    *,
    top: int,
    with_names: bool,
) -> list[Continuation]:
    """Asks for recommendations to listeners and, of the same version, for names, as above.

    Raises:
        ServingError: as `predict`; FAILED_PRECONDITION where the model has no such signature.
        BadAnswerError: an answer breaks contract C3.
    """
    answers = []
    spec = messages.model_spec(choice.model, choice.version, choice.label)
    for start in range(0, len(listeners), _PLAYLISTS_AT_ONCE):
        part = listeners[start : start + _PLAYLISTS_AT_ONCE]
        request = messages.listeners_request(spec, part)
        playlists = [listener.playlist() for listener in part]
        answers += _answers(
            predict, choice.model, request, playlists, top=top, with_names=with_names
        )
    return answers


def track_facts(
    predict: Predict, choice: ModelChoice, uris: Sequence[str]
) -> dict[str, TrackFacts]:
    """Asks for the title, the artist and the number of playlists of tracks.

    Args:
        predict: sends a request.
        choice: which model answers.
        uris: the tracks.

    Returns:
        What the model says, by URI. Empty where the model has no signature for names.

    Raises:
        ServingError: as `predict`.
        BadAnswerError: an answer breaks contract C3.
    """
    spec = messages.model_spec(choice.model, choice.version, choice.label)
    facts: dict[str, TrackFacts] = {}
    for start in range(0, len(uris), _NAMES_AT_ONCE):
        part = uris[start : start + _NAMES_AT_ONCE]
        try:
            response = predict(messages.names_request(spec, part))
        except ServingError as error:
            if error.code is grpc.StatusCode.FAILED_PRECONDITION:
                return {}
            raise
        facts.update(zip(part, messages.read_facts(response, len(part)), strict=True))
    return facts


def _answers(
    predict: Predict,
    model: str,
    request: predict_pb2.PredictRequest,
    playlists: Sequence[Playlist],
    *,
    top: int,
    with_names: bool,
) -> list[Continuation]:
    for last in (False, True):
        response = predict(request)
        ranked = messages.read_recommendations(response, len(playlists), top)
        version = response.model_spec.version.value
        facts: dict[str, TrackFacts] = {}
        try:
            if with_names:
                uris = dict.fromkeys(uri for row in ranked for uri, _ in row)
                uris |= dict.fromkeys(uri for item in playlists for uri in item.track_uris)
                facts = track_facts(predict, ModelChoice(model, version), list(uris))
        except ServingError as error:
            # The server may have unloaded the version between the two requests: ask the new one.
            if last or error.code is not grpc.StatusCode.NOT_FOUND:
                raise
        else:
            break
    return messages.continuations(playlists, ranked, facts, version)
