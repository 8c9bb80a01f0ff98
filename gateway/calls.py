"""The gateway over gRPC: the same request and answer as over HTTP, as `schema/gateway.proto`."""

from __future__ import annotations

from typing import Any, Final

import grpc
import pydantic

from gateway.answering import Gateway
from gateway.configuration import GatewayConfig
from gateway.limits import Gate
from gateway.metrics import Metrics
from gateway.protocol import METHOD, SERVICE, RecommendRequest, RecommendResponse
from gateway.requests import Answer, BadRequestError, Request, TooManyError, told
from serving.protocol import ConfigError, ServerTls

#: As metrics count what is refused: the status of HTTP that says the same.
_STATUS: Final = {
    grpc.StatusCode.INVALID_ARGUMENT: 422,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.INTERNAL: 500,
}


def create_server(gateway: Gateway, gate: Gate, metrics: Metrics) -> tuple[grpc.aio.Server, int]:
    """Makes a server that is not started yet; of the running event loop.

    Args:
        gateway: answers.
        gate: lets requests in.
        metrics: count what is refused.

    Returns:
        The server, and its port.

    Raises:
        ConfigError: the port cannot be had, or a certificate cannot be read.
    """

    async def recommend(request: Any, context: grpc.aio.ServicerContext) -> Any:
        async def refuse(code: grpc.StatusCode, message: str) -> None:
            metrics.refused(_STATUS[code])
            await context.abort(code, message)

        try:
            with gate.passed(client_of(context.peer())):
                return encoded(await gateway.answer(read(request)))
        except BadRequestError as error:
            await refuse(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except TooManyError as error:
            await refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, str(error))

    handler = grpc.unary_unary_rpc_method_handler(
        recommend,
        request_deserializer=RecommendRequest.FromString,
        response_serializer=RecommendResponse.SerializeToString,
    )
    config = gateway.config
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", config.limits.request_bytes),
            ("grpc.so_reuseport", 0),  # a port that is taken is an error
        ]
    )
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(SERVICE, {METHOD: handler}),)
    )
    return server, _port(server, config)


def _port(server: grpc.aio.Server, config: GatewayConfig) -> int:
    host, port, tls = config.listen.host, config.listen.grpc_port, config.listen.tls
    address = f"{f'[{host}]' if ':' in host else host}:{port}"
    try:
        if tls is None:
            found = server.add_insecure_port(address)
        else:
            keys = ServerTls.from_files(tls.key, tls.certificate, tls.client_ca)
            found = server.add_secure_port(address, keys.credentials())
    except RuntimeError as error:
        raise ConfigError(f"listen.grpc_port: {address} cannot be had") from error
    if not found:
        raise ConfigError(f"listen.grpc_port: {address} cannot be had")
    return int(found)


def read(message: Any) -> Request:
    """The request that a message is.

    Raises:
        BadRequestError: it is none.
    """
    fields: dict[str, Any] = {
        "listener_id": message.listener_id,
        "surface": message.surface,
        "recent_tracks": list(message.recent_tracks),
        "n": message.n or None,
        "session_id": message.session_id or None,
        "market": message.market or None,
    }
    if message.HasField("explicit"):
        fields["explicit"] = message.explicit
    try:
        return Request.model_validate(fields)
    except pydantic.ValidationError as error:
        raise BadRequestError(told(error)) from None


def encoded(answer: Answer) -> Any:
    """An answer as a message."""
    found = RecommendResponse(
        request_id=answer.request_id,
        surface=answer.surface,
        segment=answer.segment,
        experiment=answer.experiment or "",
        arm=answer.arm or "",
        served_by=answer.served_by,
        model_version=answer.model_version,
        candidate_set=answer.candidate_set,
    )
    for each in answer.fallbacks:
        found.fallbacks.add(source=each.tried, reason=each.reason)
    for slot in answer.tracks:
        found.tracks.add(
            track_uri=slot.track_uri,
            track_name=slot.track_name,
            artist_name=slot.artist_name,
            shelf=slot.shelf,
            reason=slot.reason,
            propensity=slot.propensity,
        )
    return found


def client_of(peer: str) -> str:
    """The address in a peer's name, without its port: that of `ipv4:10.0.0.7:4711`."""
    return peer.partition(":")[2].rpartition(":")[0].strip("[]") or peer
