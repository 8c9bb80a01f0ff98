"""What a client and a server say to each other for a recommendation, whoever carries it.

The exchange is a generator of requests that is sent their answers, so that the clients for threads
and for asyncio differ in nothing but how they wait.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Sequence

import grpc
from tensorflow_serving.apis import predict_pb2

from serving.protocol import messages
from serving.protocol.errors import ServingError
from serving.protocol.messages import Continuation, Playlist

# A server takes a limited number of rows, and answers each with 500 tracks.
_PLAYLISTS_AT_ONCE = 64
_NAMES_AT_ONCE = 500

#: Yields requests, is sent answers (or thrown a ServingError), and returns a result.
Exchange = Generator[predict_pb2.PredictRequest, predict_pb2.PredictResponse, list[Continuation]]
_Names = Generator[
    predict_pb2.PredictRequest, predict_pb2.PredictResponse, dict[str, tuple[str, str]]
]


@dataclasses.dataclass(frozen=True)
class ModelChoice:
    """Which model answers: its latest version, unless a version or a label is given."""

    model: str = "segue"
    version: int | None = None
    label: str | None = None


def continue_playlists(
    choice: ModelChoice, playlists: Sequence[Playlist], *, top: int, with_names: bool
) -> Exchange:
    """Asks for continuations and, of the same version, for the names of their tracks.

    Args:
        choice: which model answers.
        playlists: the playlists.
        top: how many tracks to return for each at most.
        with_names: whether to ask for names.

    Raises:
        ServingError: as it was thrown in.
        BadAnswerError: an answer breaks contract C3.
    """
    answers = []
    for start in range(0, len(playlists), _PLAYLISTS_AT_ONCE):
        part = playlists[start : start + _PLAYLISTS_AT_ONCE]
        answers += yield from _continue_part(choice, part, top=top, with_names=with_names)
    return answers


def _continue_part(
    choice: ModelChoice, playlists: Sequence[Playlist], *, top: int, with_names: bool
) -> Exchange:
    spec = messages.model_spec(choice.model, choice.version, choice.label)
    request = messages.playlists_request(spec, playlists)
    for last in (False, True):
        response = yield request
        ranked = messages.read_recommendations(response, len(playlists), top)
        version = response.model_spec.version.value
        names: dict[str, tuple[str, str]] = {}
        try:
            if with_names:
                names = yield from _ask_names(choice.model, version, ranked)
        except ServingError as error:
            # The version may have been swapped between the two requests: then ask the new one.
            if last or error.code is not grpc.StatusCode.NOT_FOUND:
                raise
        else:
            break
    return messages.continuations(playlists, ranked, names, version)


def _ask_names(model: str, version: int, ranked: Sequence[Sequence[tuple[str, float]]]) -> _Names:
    uris = list(dict.fromkeys(uri for row in ranked for uri, _ in row))
    spec = messages.model_spec(model, version)
    names: dict[str, tuple[str, str]] = {}
    for start in range(0, len(uris), _NAMES_AT_ONCE):
        part = uris[start : start + _NAMES_AT_ONCE]
        try:
            response = yield messages.names_request(spec, part)
        except ServingError as error:
            if error.code is grpc.StatusCode.FAILED_PRECONDITION:
                return {}  # a model without this signature: tracks go without names
            raise
        names.update(zip(part, messages.read_names(response, len(part)), strict=True))
    return names
