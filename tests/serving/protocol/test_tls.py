from __future__ import annotations

import dataclasses
import pathlib
import shutil
import subprocess
from collections.abc import Callable

import grpc
import pytest

from serving.client import ClientTls, ConnectionOptions, RecommenderClient
from serving.protocol import ConfigError, ServerTls, ServingError
from serving.protocol.tf_serving_protos import SSLConfig, read_text_proto
from serving.server import ModelServer

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the keys")


@dataclasses.dataclass
class Pair:
    key: pathlib.Path
    certificate: pathlib.Path


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """A self-signed certificate for localhost, its own authority."""
    directory = tmp_path_factory.mktemp("tls")
    made = Pair(directory / "key.pem", directory / "cert.pem")
    arguments = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    arguments += " -addext subjectAltName=DNS:localhost"
    subprocess.run(
        ["openssl", *arguments.split(" "), "-keyout", made.key, "-out", made.certificate],
        check=True,
        capture_output=True,
    )
    return made


def ask(server: ModelServer, tls: ClientTls | None) -> int:
    options = ConnectionOptions(tls=tls, attempts=1)
    with RecommenderClient(f"localhost:{server.port}", options=options) as client:
        return len(client.recommend(top=3))


def test_tls(
    start: Callable[..., ModelServer],
    push: Callable[[int], pathlib.Path],
    base: pathlib.Path,
    pair: Pair,
) -> None:
    push(1)
    server = start(base, tls=ServerTls.from_files(pair.key, pair.certificate))
    assert ask(server, ClientTls.from_files(ca=pair.certificate)) == 3
    with RecommenderClient(
        server.target,  # by address, which the certificate does not name
        options=ConnectionOptions(
            tls=ClientTls.from_files(ca=pair.certificate, server_name="localhost")
        ),
    ) as client:
        assert client.status()[0].state == "AVAILABLE"
    for tls in (None, ClientTls()):  # plain text; an authority that did not sign it
        with pytest.raises(ServingError) as caught:
            ask(server, tls)
        assert caught.value.code is grpc.StatusCode.UNAVAILABLE


def test_clients_must_show_a_certificate(
    start: Callable[..., ModelServer],
    push: Callable[[int], pathlib.Path],
    base: pathlib.Path,
    pair: Pair,
) -> None:
    push(1)
    server = start(base, tls=ServerTls.from_files(pair.key, pair.certificate, pair.certificate))
    known = ClientTls.from_files(pair.certificate, pair.key, pair.certificate)
    assert ask(server, known) == 3
    with pytest.raises(ServingError):
        ask(server, ClientTls.from_files(ca=pair.certificate))


def test_ssl_config_file(tmp_path: pathlib.Path, pair: Pair) -> None:
    path = tmp_path / "ssl.txt"
    config = SSLConfig(server_key=pair.key.read_text(), server_cert=pair.certificate.read_text())
    path.write_text(str(config))
    assert read_text_proto(path, SSLConfig()) == config
    assert ServerTls.from_ssl_config(path) == ServerTls.from_files(pair.key, pair.certificate)
    path.write_text('server_key: "x"')
    with pytest.raises(ConfigError, match="server_key and server_cert must both be set"):
        ServerTls.from_ssl_config(path)


def test_key_is_not_shown(pair: Pair) -> None:
    assert "PRIVATE" not in repr(ServerTls.from_files(pair.key, pair.certificate))


def test_files_that_are_no_pem(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        ServerTls.from_files(tmp_path / "none", tmp_path / "none")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ConfigError, match="is not in PEM format"):
        ClientTls.from_files(ca=tmp_path / "text")
