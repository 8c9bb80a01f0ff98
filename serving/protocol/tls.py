"""Certificates of a server."""

from __future__ import annotations

import dataclasses
import pathlib

import grpc

from serving.protocol import tf_serving_protos
from serving.protocol.errors import ConfigError


@dataclasses.dataclass(frozen=True)
class ServerTls:
    """What a server shows, and what it asks of clients; all in PEM.

    Attributes:
        key: private key.
        certificate: certificate chain.
        client_ca: authority that signed the clients' certificates; None for the system's.
        verify_clients: whether clients must show a certificate.
    """

    key: bytes = dataclasses.field(repr=False)
    certificate: bytes
    client_ca: bytes | None = None
    verify_clients: bool = False

    @classmethod
    def from_files(
        cls,
        key: str | pathlib.Path,
        certificate: str | pathlib.Path,
        client_ca: str | pathlib.Path | None = None,
    ) -> ServerTls:
        """Reads PEM files. With `client_ca`, clients must show a certificate of that authority.

        Raises:
            ConfigError: a file cannot be read.
        """
        ca = read_pem(client_ca) if client_ca else None
        return cls(read_pem(key), read_pem(certificate), ca, ca is not None)

    @classmethod
    def from_ssl_config(cls, path: str | pathlib.Path) -> ServerTls:
        """Reads what TF Serving's `--ssl_config_file` takes: an `SSLConfig` in text format.

        Raises:
            ConfigError: it cannot be read, or holds no key or certificate.
        """
        config = tf_serving_protos.read_text_proto(path, tf_serving_protos.SSLConfig())
        if not config.server_key or not config.server_cert:
            raise ConfigError(f"{path}: server_key and server_cert must both be set")
        return cls(
            config.server_key.encode(),
            config.server_cert.encode(),
            config.custom_ca.encode() or None,
            config.client_verify,
        )

    def credentials(self) -> grpc.ServerCredentials:
        """The same for gRPC."""
        return grpc.ssl_server_credentials(
            [(self.key, self.certificate)],
            root_certificates=self.client_ca,
            require_client_auth=self.verify_clients,
        )


def read_pem(path: str | pathlib.Path) -> bytes:
    """Reads a PEM file.

    Raises:
        ConfigError: it cannot be read, or is not PEM.
    """
    try:
        data = pathlib.Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    if b"-----BEGIN" not in data:
        raise ConfigError(f"{path} is not in PEM format")
    return data
