"""The client of `serving.client.client` for asyncio."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType

import grpc
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.client import exchange
from serving.client.client import to_serving_error
from serving.client.connection import ConnectionOptions
from serving.protocol.errors import ServingError
from serving.protocol.messages import Continuation, Playlist, Recommendation

_TOP = 100


class AsyncRecommenderClient:
    """Asks a server for continuations of playlists, over one connection, in an event loop.

    Args:
        target: HOST:PORT.
        model: name of the model.
        version: which version answers; the latest, unless it or a label is given.
        label: version label.
        options: how to talk.

    Raises:
        ConfigError: the target or an option cannot be used.
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
        self.target = target
        self.choice = exchange.ModelChoice(model, version, label)
        self.options = options or ConnectionOptions()
        self._channel = self.options.open(target, grpc.aio)
        self._prediction = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    async def recommend(
        self, name: str = "", track_uris: Iterable[str] = (), *, top: int = _TOP
    ) -> list[Recommendation]:
        """Continues one playlist; see `RecommenderClient.recommend`."""
        answer = await self.continue_playlists([Playlist(name, tuple(track_uris))], top=top)
        return list(answer[0].recommendations)

    async def continue_playlists(
        self, playlists: Sequence[Playlist], *, top: int = _TOP, with_names: bool = True
    ) -> list[Continuation]:
        """Continues several playlists; see `RecommenderClient.continue_playlists`."""
        steps = exchange.continue_playlists(self.choice, playlists, top=top, with_names=with_names)
        try:
            request = next(steps)
            while True:
                try:
                    response = await self.predict(request)
                except ServingError as error:
                    request = steps.throw(error)
                else:
                    request = steps.send(response)
        except StopIteration as end:
            return end.value

    async def predict(self, request: predict_pb2.PredictRequest) -> predict_pb2.PredictResponse:
        """Sends a Predict request as it is.

        Raises:
            ServingError: the server did not answer, or refused.
        """
        try:
            return await self._prediction.Predict(request, timeout=self.options.timeout)
        except grpc.RpcError as error:
            raise to_serving_error(error, self.target) from error

    async def close(self) -> None:
        """Closes the connection."""
        await self._channel.close()

    async def __aenter__(self) -> AsyncRecommenderClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
