"""The gateway over gRPC."""

from __future__ import annotations

import contextlib
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

import schema
from gateway.calls import client_of
from gateway.protocol import MESSAGES, METHOD, SERVICE, RecommendRequest, RecommendResponse
from gateway.running import GatewayServer
from serving.protocol import ConfigError
from tests.gateway.making import KNOWN, STRANGER, config
from tests.gateway.model_server import serving, whole
from tests.listening.recommending.making import uri
from tests.standins.certificates import write_certificate


@contextlib.contextmanager
def calling(server: GatewayServer, authority: bytes | None = None) -> Iterator[Any]:
    if authority is None:
        channel = grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}")
    else:
        keys = grpc.ssl_channel_credentials(authority)
        channel = grpc.secure_channel(f"localhost:{server.grpc_port}", keys)
    with channel:
        yield channel.unary_unary(
            f"/{SERVICE}/{METHOD}",
            request_serializer=RecommendRequest.SerializeToString,
            response_deserializer=RecommendResponse.FromString,
        )


def test_the_file_says_what_is_declared() -> None:
    text = (pathlib.Path(schema.__file__).parent / "gateway.proto").read_text("utf-8")
    text = re.sub(r"//.*", "", text)
    found = {
        name: [
            (label.strip(), kind, field, int(number))
            for label, kind, field, number in re.findall(
                r"(repeated |optional )?(\w+) (\w+) = (\d+);", body
            )
        ]
        for name, body in re.findall(r"message (\w+) \{(.*?)\}", text, re.DOTALL)
    }
    declared = {
        name: [(*field, number) for number, field in enumerate(fields, 1)]
        for name, fields in MESSAGES.items()
    }
    assert found == declared
    package, service, method = re.search(
        r"package ([\w.]+);.*service (\w+) \{.*rpc (\w+)\(", text, re.DOTALL
    ).groups()  # type: ignore[union-attr]
    assert (f"{package}.{service}", method) == (SERVICE, METHOD)


def test_an_answer_and_refusals(root: pathlib.Path) -> None:
    listening = {"port": 0, "grpc_port": 0}
    limits = {"answer_ms": 10_000, "request_bytes": 8_192, "burst": 5, "per_second": 0.001}
    with serving(whole) as (_, target):
        options = config(root, listen=listening, limits=limits, server={"target": target})
        with GatewayServer(options) as server, calling(server) as ask:
            answer = ask(RecommendRequest(listener_id=KNOWN, surface="home", n=1))
            assert (answer.served_by, answer.segment) == ("model", "casual")
            assert [slot.track_uri for slot in answer.tracks] == [uri(3)]
            assert (answer.tracks[0].propensity, answer.experiment) == (1.0, "")
            told = RecommendRequest(
                listener_id=STRANGER, surface="home", recent_tracks=[uri(3)], explicit=False
            )
            told.market = "FR"  # where no track may be played
            answer = ask(told)
            assert answer.served_by == "popular"
            assert [(each.source, each.reason) for each in answer.fallbacks] == [
                ("segue label stable", "nothing_left"),
                ("published", "nothing_left"),
            ]
            for bad, says in (
                (RecommendRequest(listener_id="alice", surface="home"), "listener_id: "),
                (RecommendRequest(listener_id=KNOWN, surface="x"), "surface: there is none"),
            ):
                with pytest.raises(grpc.RpcError) as refused:
                    ask(bad)
                assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
                assert refused.value.details().startswith(says)
                assert "alice" not in refused.value.details()
            with pytest.raises(grpc.RpcError) as refused:
                ask(RecommendRequest(listener_id=KNOWN, session_id="x" * 9_000))
            assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            ask(RecommendRequest(listener_id=KNOWN, surface="home"))
            with pytest.raises(grpc.RpcError) as refused:
                ask(RecommendRequest(listener_id=KNOWN, surface="home"))
            assert refused.value.details() == "too many requests of one client"
        assert server.exposures.counts() == {"logged": 2, "empty": 1}


def test_tls_and_a_port_that_is_taken(root: pathlib.Path, tmp_path: pathlib.Path) -> None:
    chain, authority = write_certificate(tmp_path, ["localhost"])
    tls = {"certificate": str(chain), "key": str(chain)}
    listening = {"host": "localhost", "port": 0, "grpc_port": 0, "tls": tls}
    with GatewayServer(config(root, listen=listening)) as server:
        with calling(server, authority.read_bytes()) as ask:
            answer = ask(RecommendRequest(listener_id=KNOWN, surface="home"))
        assert answer.tracks
        taken = {**listening, "grpc_port": server.grpc_port}
        with pytest.raises(ConfigError, match=r"listen\.grpc_port: .* cannot be had"):
            GatewayServer(config(root, listen=taken)).start()


def test_who_asks() -> None:
    assert client_of("ipv4:10.0.0.7:4711") == "10.0.0.7"
    assert client_of("ipv6:[::1]:4711") == "::1"
    assert client_of("ipv6:%5B::1%5D:4711") == "%5B::1%5D"
    assert client_of("unix:") == "unix:"
