"""How a client reaches a server: address, certificates, patience."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import pathlib
import re
from typing import Any

import grpc

from serving.protocol import ConfigError, read_pem

_COMPRESSIONS = {
    "none": grpc.Compression.NoCompression,
    "gzip": grpc.Compression.Gzip,
    "deflate": grpc.Compression.Deflate,
}
_MAX_ATTEMPTS = 5  # the most that gRPC grants
_MAX_TIMEOUT = 86_400.0  # a day; gRPC's clock cannot add much more to now
_HOST = re.compile(r"[\w.-]+|\[[0-9A-Fa-f:.]+(%\w+)?\]")


@dataclasses.dataclass(frozen=True)
class ClientTls:
    """Certificates of a client; all in PEM.

    Attributes:
        ca: authority that the server's certificate is checked with; None for the system's.
        key: the client's own private key, where the server asks for one.
        certificate: its certificate.
        server_name: name in the server's certificate, where it is not the address.
    """

    ca: bytes | None = None
    key: bytes | None = dataclasses.field(default=None, repr=False)
    certificate: bytes | None = None
    server_name: str | None = None

    @classmethod
    def from_files(
        cls,
        ca: str | pathlib.Path | None = None,
        key: str | pathlib.Path | None = None,
        certificate: str | pathlib.Path | None = None,
        server_name: str | None = None,
    ) -> ClientTls:
        """Reads PEM files.

        Raises:
            ConfigError: a file cannot be read.
        """
        return cls(
            read_pem(ca) if ca else None,
            read_pem(key) if key else None,
            read_pem(certificate) if certificate else None,
            server_name,
        )


@dataclasses.dataclass(frozen=True)
class ConnectionOptions:
    """How to talk to a server.

    Attributes:
        timeout: seconds for a call with all its attempts, a day at most.
        attempts: tries of a call while the server is UNAVAILABLE, 1 to 5. Other failures are final.
        backoff: seconds before the second try; each further one waits twice as long, within 20 %.
        compression: "none", "gzip" or "deflate".
        tls: certificates; None talks plain text.
        max_message_size: most bytes of a request or an answer.
        reconnect: most seconds between two tries to connect; None leaves it to gRPC, which waits up
            to two minutes.
    """

    timeout: float = 10.0
    attempts: int = 5
    backoff: float = 0.1
    compression: str = "none"
    tls: ClientTls | None = None
    max_message_size: int = 64 * 2**20
    reconnect: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.timeout <= _MAX_TIMEOUT:
            raise ConfigError(
                f"timeout must be above 0 s and at most {_MAX_TIMEOUT:g} s; was {self.timeout}"
            )
        if not 1 <= self.attempts <= _MAX_ATTEMPTS:
            raise ConfigError(f"attempts must be 1 to {_MAX_ATTEMPTS}; was {self.attempts}")
        if not 0 < self.backoff <= _MAX_TIMEOUT:
            raise ConfigError(
                f"backoff must be above 0 s and at most {_MAX_TIMEOUT:g} s; was {self.backoff}"
            )
        if self.compression not in _COMPRESSIONS:
            raise ConfigError(
                f"compression must be one of {', '.join(_COMPRESSIONS)}; was {self.compression!r}"
            )

    def channel_arguments(self, target: str = "") -> dict[str, Any]:
        """Arguments for `grpc.insecure_channel` and `grpc.secure_channel`.

        The retries are gRPC's own: they share the deadline of the call, and back off at random.
        """
        retry = {
            "maxAttempts": self.attempts,
            "initialBackoff": f"{self.backoff:.3f}s",
            "maxBackoff": f"{max(self.backoff * 8, 1.0):.3f}s",
            "backoffMultiplier": 2,
            "retryableStatusCodes": ["UNAVAILABLE"],
        }
        config: dict[str, Any] = {"methodConfig": [{"name": [{}]}]}
        if self.attempts > 1:
            config["methodConfig"][0]["retryPolicy"] = retry
        options: list[tuple[str, Any]] = [
            ("grpc.service_config", json.dumps(config)),
            ("grpc.max_receive_message_length", self.max_message_size),
            ("grpc.max_send_message_length", self.max_message_size),
        ]
        if self.reconnect is not None:
            most = max(1, round(1000 * self.reconnect))
            options.append(("grpc.max_reconnect_backoff_ms", most))
            options.append(("grpc.initial_reconnect_backoff_ms", min(most, 100)))
        if is_loopback(target):
            # A proxy in the environment is for other hosts and cannot reach this machine.
            options.append(("grpc.enable_http_proxy", 0))
        if self.tls and self.tls.server_name:
            options.append(("grpc.ssl_target_name_override", self.tls.server_name))
        return {"options": options, "compression": _COMPRESSIONS[self.compression]}

    def open(self, target: str, module: Any = grpc) -> Any:
        """Opens a channel of `grpc` or `grpc.aio`; it connects when it is first used.

        Raises:
            ConfigError: the target is not HOST:PORT.
        """
        check_target(target)
        if self.tls is None:
            return module.insecure_channel(target, **self.channel_arguments(target))
        credentials = grpc.ssl_channel_credentials(self.tls.ca, self.tls.key, self.tls.certificate)
        return module.secure_channel(target, credentials, **self.channel_arguments(target))


def is_loopback(target: str) -> bool:
    """Whether a target is on this machine: `localhost`, a loopback address, or a socket."""
    if target.startswith("unix:"):
        return True
    host = target.rpartition(":")[0].rpartition("/")[2]
    for scheme in ("dns:", "ipv4:", "ipv6:"):
        host = host.removeprefix(scheme)
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_target(target: str) -> None:
    """Checks that a target is HOST:PORT, or one of gRPC's own schemes.

    Raises:
        ConfigError: it is neither; the message says what to leave out or add.
    """
    if target.startswith(("unix:", "unix-abstract:", "dns:", "ipv4:", "ipv6:")):
        return
    scheme, marks, rest = target.rpartition("://")
    host, colon, port = rest.rpartition(":")
    sound = bool(colon) and port.isascii() and port.isdigit() and 0 < int(port) < 2**16
    if sound and not marks and _HOST.fullmatch(host):
        return
    hint = ""
    if marks:
        hint = f", without {scheme}://"
    elif host.count(":") and not host.startswith("["):
        hint = f", an IPv6 address in brackets as in [{host}]:{port or 8500}"
    raise ConfigError(
        f"target must be HOST:PORT, for instance localhost:8500{hint}; was {target!r}"
    )
