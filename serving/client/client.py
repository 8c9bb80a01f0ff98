"""A small typed client for recommendations, for any server that speaks TF Serving's gRPC API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, NamedTuple

import grpc
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.client import exchange
from serving.client.connection import ConnectionOptions
from serving.protocol import (
    ConfigError,
    Continuation,
    Listener,
    Playlist,
    Recommendation,
    ServingError,
    messages,
)

_TOP = 100


class VersionState(NamedTuple):
    """A version of a model on a server.

    Attributes:
        version: the version.
        state: "START", "LOADING", "AVAILABLE", "UNLOADING" or "END".
        error: why it is not served, "" where nothing is wrong.
    """

    version: int
    state: str
    error: str


class RecommenderClient:
    """Asks a server for continuations of playlists, over one connection; safe between threads.

    Args:
        target: HOST:PORT.
        model: name of the model.
        version: which version answers; the latest, unless it or a label is given.
        label: version label, for instance "canary".
        options: how to talk.

    Raises:
        ConfigError: the target or an option cannot be used, or there are a version and a label.
    """

    def __init__(
        self,
        target: str,
        *,
        model: str = "segue",
        version: int | None = None,
        label: str | None = None,
        options: ConnectionOptions | None = None,
    ) -> None:
        if version is not None and label is not None:
            raise ConfigError(f"give a version or a label, not both; were {version} and {label!r}")
        self.target = target
        self.choice = exchange.ModelChoice(model, version, label)
        self.options = options or ConnectionOptions()
        self._channel = self.options.open(target)
        self._prediction = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)

    def recommend(
        self, name: str = "", track_uris: Iterable[str] = (), *, top: int = _TOP
    ) -> list[Recommendation]:
        """Continues one playlist.

        Args:
            name: its title.
            track_uris: its tracks.
            top: how many tracks to return at most (a model gives 500).

        Returns:
            Tracks with title and artist, best first.

        Raises:
            ServingError: the server did not answer, or refused.
            BadAnswerError: the server's model is not one of Segue's.
        """
        answer = self.continue_playlists([Playlist(name, tuple(track_uris))], top=top)
        return list(answer[0].recommendations)

    def continue_playlists(
        self, playlists: Sequence[Playlist], *, top: int = _TOP, with_names: bool = True
    ) -> list[Continuation]:
        """Continues several playlists, many in one request.

        Args:
            playlists: the playlists.
            top: how many tracks to return for each at most.
            with_names: whether to ask for titles and artists too, and for how many of the
                playlists' tracks the model knows, which is a further request.

        Raises:
            ServingError: the server did not answer, or refused.
            BadAnswerError: the server's model is not one of Segue's.
        """
        return exchange.continue_playlists(
            self.predict, self.choice, playlists, top=top, with_names=with_names
        )

    def recommend_to_listeners(
        self, listeners: Sequence[Listener], *, top: int = _TOP, with_names: bool = True
    ) -> list[Continuation]:
        """Recommends to several listeners, by what they streamed, many in one request.

        Args:
            listeners: the listeners.
            top: how many tracks to return for each at most.
            with_names: as of `continue_playlists`.

        Raises:
            ServingError: the server did not answer, or refused: FAILED_PRECONDITION where its
                model has no signature for listeners.
            BadAnswerError: the server's model is not one of Segue's.
        """
        return exchange.recommend_to_listeners(
            self.predict, self.choice, listeners, top=top, with_names=with_names
        )

    def track_names(self, uris: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Asks for the title and the artist of tracks, many in one request.

        Returns:
            Title and artist by URI, "" where the model does not know them. Empty where the model
            has no signature for names.

        Raises:
            ServingError: the server did not answer, or refused.
            BadAnswerError: the server's model is not one of Segue's.
        """
        facts = exchange.track_facts(self.predict, self.choice, uris)
        return {uri: (fact.track_name, fact.artist_name) for uri, fact in facts.items()}

    def predict(
        self, request: predict_pb2.PredictRequest, timeout: float | None = None
    ) -> predict_pb2.PredictResponse:
        """Sends a Predict request as it is.

        Args:
            request: names its model itself.
            timeout: seconds for this call; None for those of the options.

        Raises:
            ServingError: the server did not answer, or refused.
        """
        return self._call(self._prediction.Predict, request, timeout)

    def signatures(self, timeout: float | None = None) -> get_model_metadata_pb2.SignatureDefMap:
        """Asks for the signatures of the model.

        Args:
            timeout: seconds for this call; None for those of the options.

        Raises:
            ServingError: the server did not answer, or does not have the model.
        """
        request = get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=messages.model_spec(
                self.choice.model, self.choice.version, self.choice.label
            ),
            metadata_field=["signature_def"],
        )
        response = self._call(self._prediction.GetModelMetadata, request, timeout)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        response.metadata["signature_def"].Unpack(signatures)
        return signatures

    def status(self) -> list[VersionState]:
        """States of the model's versions, the latest first.

        Raises:
            ServingError: the server did not answer, or does not have the model.
        """
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = self.choice.model
        response = self._call(self._models.GetModelStatus, request)
        return [
            VersionState(
                entry.version,
                get_model_status_pb2.ModelVersionStatus.State.Name(entry.state),
                entry.status.error_message,
            )
            for entry in response.model_version_status
        ]

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def __enter__(self) -> RecommenderClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _call(self, method: Any, request: Any, timeout: float | None = None) -> Any:
        try:
            return method(request, timeout=self.options.timeout if timeout is None else timeout)
        except grpc.RpcError as error:
            raise to_serving_error(error, self.target) from error


def to_serving_error(error: grpc.RpcError, target: str) -> ServingError:
    """Turns a failed call into this package's error; names the target that did not answer."""
    code, details = error.code(), error.details() or ""
    if code is grpc.StatusCode.UNAVAILABLE:
        details = f"no server answers at {target} ({details})"
    elif code is grpc.StatusCode.DEADLINE_EXCEEDED:
        details = f"no answer from {target} in time"
    return ServingError(code, details)


def recommend(
    target: str,
    name: str = "",
    track_uris: Iterable[str] = (),
    *,
    top: int = _TOP,
    **client_arguments: Any,
) -> list[Recommendation]:
    """Opens a connection and continues one playlist; see `RecommenderClient`."""
    with RecommenderClient(target, **client_arguments) as client:
        return client.recommend(name, track_uris, top=top)
