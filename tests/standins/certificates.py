"""Keys that a test makes for itself: a certificate of Google's hosts, and a service account."""

from __future__ import annotations

import datetime
import json
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


def write_certificate(folder: pathlib.Path, hosts: list[str]) -> tuple[pathlib.Path, pathlib.Path]:
    """Writes a server's certificate with its key, and that of the authority that signed it.

    Args:
        folder: where to.
        hosts: DNS names that the certificate holds for; `*.` stands for one word.

    Returns:
        The paths of the server's PEM file and of the authority's.
    """
    authority_key, key = _key(), _key()
    authority = _signed("Test authority", authority_key.public_key(), authority_key, ca=True)
    server = _signed(hosts[0], key.public_key(), authority_key, hosts=hosts)
    chain, trusted = folder / "server.pem", folder / "authority.pem"
    chain.write_bytes(_private(key) + server.public_bytes(serialization.Encoding.PEM))
    trusted.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    return chain, trusted


def write_service_account(path: pathlib.Path, project: str, token_uri: str) -> None:
    """Writes the credentials of a service account that only `token_uri` knows."""
    account = {
        "type": "service_account",
        "project_id": project,
        "private_key_id": "1",
        "private_key": _private(_key()).decode(),
        "client_email": f"runner@{project}.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": token_uri,
    }
    path.write_text(json.dumps(account))


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _private(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _signed(
    subject: str,
    key: rsa.RSAPublicKey,
    signer: rsa.RSAPrivateKey,
    *,
    hosts: list[str] | None = None,
    ca: bool = False,
) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named("Test authority"))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if hosts:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        builder = builder.add_extension(alternatives, critical=False)
    return builder.sign(signer, hashes.SHA256())
