"""The page's questions to a model server, over gRPC."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence

import grpc

from serving.client import ConnectionOptions, RecommenderClient
from serving.protocol import Continuation, Playlist, ServingError, messages
from serving.release import CANARY, STABLE

_LABELS = (STABLE, CANARY)
_MAX_CLIENTS = 16
# An unknown label, a version that is gone, and a model without the signature that is asked.
_NO_LABEL = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
)


@dataclasses.dataclass(frozen=True)
class Track:
    """A track; title and artist are "" where the model does not know them."""

    uri: str
    title: str = ""
    artist: str = ""


@dataclasses.dataclass(frozen=True)
class ServedVersion:
    """A version of the model on the server.

    Attributes:
        version: its number.
        available: whether it answers.
        state: in TF Serving's words, such as "AVAILABLE".
        error: why it is not served, "" where nothing is wrong.
        labels: those of "stable" and "canary" that name it.
    """

    version: int
    available: bool
    state: str
    error: str
    labels: tuple[str, ...]


class Backend:
    """Asks any server that speaks TF Serving's gRPC API; safe between threads.

    Args:
        target: HOST:PORT.
        model: name of the model.
        options: how to talk.

    Raises:
        ConfigError: the target cannot be used.
    """

    def __init__(
        self, target: str, *, model: str = "segue", options: ConnectionOptions | None = None
    ) -> None:
        self.target = target
        self._model = model
        self._options = options or ConnectionOptions(timeout=10.0, attempts=2)
        self._lock = threading.Lock()
        self._clients: dict[int | None, RecommenderClient] = {}
        self._client(None)

    def versions(self) -> list[ServedVersion]:
        """What the server knows about the model, the latest version first.

        Raises:
            ServingError: it did not answer, or does not have the model.
        """
        client = self._client(None)
        labelled: dict[int, list[str]] = {}
        states = client.status()
        for label in _LABELS:
            version = self._version_of(label)
            if version is not None:
                labelled.setdefault(version, []).append(label)
        return [
            ServedVersion(
                state.version,
                state.state == "AVAILABLE",
                state.state,
                state.error,
                tuple(labelled.get(state.version, ())),
            )
            for state in states
        ]

    def continue_playlist(
        self, name: str, track_uris: Sequence[str], *, version: int | None, top: int
    ) -> Continuation:
        """Continues a playlist with a version, or with the latest one.

        Raises:
            ServingError: the server did not answer, or does not have the version.
            BadAnswerError: its model is not one of Segue's.
        """
        playlist = Playlist(name, tuple(track_uris))
        return self._client(version).continue_playlists([playlist], top=top)[0]

    def describe(self, uris: Sequence[str]) -> list[Track]:
        """Titles and artists of tracks; "" for those that the model does not know.

        Raises:
            ServingError: the server did not answer.
            BadAnswerError: its model is not one of Segue's.
        """
        names = self._client(None).track_names(uris)
        return [Track(uri, *names.get(uri, ("", ""))) for uri in uris]

    def close(self) -> None:
        """Closes every connection."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _version_of(self, label: str) -> int | None:
        """The version that a label names, or None; TF Serving reports it with an answer only."""
        spec = messages.model_spec(self._model, label=label)
        try:
            response = self._client(None).predict(messages.names_request(spec, [""]))
        except ServingError as error:
            if error.code in _NO_LABEL:
                return None
            raise
        return response.model_spec.version.value

    def _client(self, version: int | None) -> RecommenderClient:
        with self._lock:
            if version not in self._clients:
                while len(self._clients) >= _MAX_CLIENTS:
                    # The first one is that of the latest version, which is always in use.
                    self._clients.pop(list(self._clients)[1]).close()
                self._clients[version] = RecommenderClient(
                    self.target, model=self._model, version=version, options=self._options
                )
            return self._clients[version]
