"""Asks TensorFlow Serving for one listener, under a deadline, without waiting for the others."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any, Final

import grpc
from tensorflow_serving.apis import model_pb2, predict_pb2, prediction_service_pb2_grpc

from gateway.breaker import Breaker
from gateway.configuration import Breaker as BreakerOptions
from gateway.configuration import Model, Server
from serving.client import ClientTls, ConnectionOptions
from serving.protocol import BadAnswerError, Listener, Playlist, messages

#: Names of versions and labels that are kept track of.
_MOST: Final = 1_000
_RECONNECT_SECONDS: Final = 2.0
_GONE: Final = (
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION,
)


class ModelError(RuntimeError):
    """A model did not answer.

    Attributes:
        reason: one of `gateway.requests.REASONS`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclasses.dataclass(frozen=True)
class Ranked:
    """A model's answer to one listener.

    Attributes:
        model: its name.
        version: that answered.
        uris: of tracks, best first.
        scores: as many.
    """

    model: str
    version: int
    uris: list[bytes] = dataclasses.field(default_factory=list)
    scores: list[float] = dataclasses.field(default_factory=list)


class Models:
    """The model server, over one connection; of one event loop.

    Args:
        options: where it is.
        breaker: when a version that fails is left alone.
        refresh: seconds for which it is remembered that a model has no signature for listeners.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        options: Server,
        breaker: BreakerOptions,
        refresh: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._breaker, self._clock, self._refresh = breaker, clock, refresh
        self._breakers: dict[Model, Breaker] = {}
        self._plain: dict[Model, float] = {}
        connection = ConnectionOptions(
            attempts=1, tls=tls_of(options), reconnect=_RECONNECT_SECONDS
        )
        self._channel = connection.open(options.target, grpc.aio)
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    async def ask(self, model: Model, listener: Listener, seconds: float) -> Ranked:
        """Asks one version.

        Args:
            model: which one; aliases are resolved before.
            listener: who is asked about.
            seconds: to wait at most.

        Raises:
            ModelError: it did not answer.
        """
        breaker = self._breaker_of(model)
        if (began := breaker.began()) is None:
            raise ModelError("left_alone")
        try:
            response = await self._answered(model, listener, seconds)
            uris, scores = messages.read_one(response)
        except grpc.RpcError as error:
            breaker.failed(began)
            raise ModelError(_reason(error.code())) from None
        except BadAnswerError:
            breaker.failed(began)
            raise ModelError("bad_answer") from None
        breaker.succeeded()
        return Ranked(model.model, response.model_spec.version.value, uris, scores)

    async def predict(
        self, request: predict_pb2.PredictRequest, seconds: float
    ) -> predict_pb2.PredictResponse:
        """Sends a Predict request as it is.

        Raises:
            ModelError: it was not answered.
        """
        try:
            return await self._stub.Predict(request, timeout=seconds)
        except grpc.RpcError as error:
            raise ModelError(_reason(error.code())) from None

    async def close(self) -> None:
        """Closes the connection."""
        await self._channel.close()

    async def _answered(
        self, model: Model, listener: Listener, seconds: float
    ) -> predict_pb2.PredictResponse:
        """By the signature for listeners, or, of a model that has none, by that for playlists."""
        spec = spec_of(model)
        end = self._clock() + seconds
        if self._plain.get(model, 0.0) <= self._clock():
            request = messages.listeners_request(spec, [listener])
            try:
                return await self._stub.Predict(request, timeout=seconds)
            except grpc.RpcError as error:
                # So it says where a model lacks the signature.
                if error.code() is not grpc.StatusCode.FAILED_PRECONDITION:
                    raise
        # Each once, where it was streamed last.
        tracks = tuple(dict.fromkeys(reversed(listener.track_uris)))[::-1]
        request = messages.playlists_request(spec, [Playlist("", tracks)])
        response = await self._stub.Predict(request, timeout=max(end - self._clock(), 0.001))
        if self._plain.get(model, 0.0) <= self._clock():
            _make_room(self._plain)
            self._plain[model] = self._clock() + self._refresh
        return response

    def _breaker_of(self, model: Model) -> Breaker:
        found = self._breakers.get(model)
        if found is None:
            _make_room(self._breakers)
            found = self._breakers[model] = Breaker(self._breaker, self._clock)
        return found


def spec_of(model: Model) -> model_pb2.ModelSpec:
    """How TensorFlow Serving is told which one is meant."""
    return messages.model_spec(model.model, model.version, model.label)


def tls_of(options: Server) -> ClientTls | None:
    """Reads the certificates.

    Raises:
        ConfigError: a file cannot be read.
    """
    if options.tls is None:
        return None
    tls = options.tls
    return ClientTls.from_files(tls.ca, tls.key, tls.certificate, tls.server_name)


def _make_room(known: dict[Model, Any]) -> None:
    """Versions come and go: what is known of the first one makes room."""
    if len(known) >= _MOST:
        del known[next(iter(known))]


def _reason(code: grpc.StatusCode) -> str:
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return "deadline"
    if code is grpc.StatusCode.UNAVAILABLE:
        return "unavailable"
    return "version_gone" if code in _GONE else "refused"
