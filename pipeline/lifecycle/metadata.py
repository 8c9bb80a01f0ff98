"""Where ML Metadata lies, and whether it can be reached."""

from __future__ import annotations

import os
import socket
from typing import Any

from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.options.metadata import MetadataOptions


class MetadataError(RuntimeError):
    """The metadata store cannot be used; the message says why."""


def connection(options: MetadataOptions, path: str, *, writes: bool = True) -> Any:
    """How to reach the metadata store.

    Args:
        options: where it lies.
        path: the file, where it lies in one.
        writes: whether to make it where it is missing, and to write.

    Returns:
        ML Metadata's ConnectionConfig.

    Raises:
        MetadataError: the file is missing, or the variable with the password is not set.
    """
    config = metadata_store_pb2.ConnectionConfig()  # type: ignore[attr-defined]
    if options.host is None:
        if not writes and not os.path.exists(path):
            raise MetadataError(
                f"{path} is missing: no run kept its metadata there. One that keeps them in a "
                "database is found with its --config"
            )
        sqlite = metadata_store_pb2.SqliteMetadataSourceConfig  # type: ignore[attr-defined]
        config.sqlite.filename_uri = path
        config.sqlite.connection_mode = sqlite.READWRITE_OPENCREATE if writes else sqlite.READONLY
        return config
    server = config.mysql
    # The client takes "localhost" for a socket file of its own choice.
    server.host = "127.0.0.1" if options.host == "localhost" else options.host
    server.port = options.port
    server.database = options.database
    server.user = options.user
    server.password = _password(options)
    server.skip_db_creation = not writes
    if options.tls:
        # Told to verify the server, the client refuses every one.
        server.ssl_options.verify_server_cert = False
    return config


def opened(options: MetadataOptions, path: str, *, writes: bool = False) -> Any:
    """Opens the metadata store.

    Args:
        options: as of `connection`.
        path: as of `connection`.
        writes: as of `connection`.

    Returns:
        ML Metadata's MetadataStore.

    Raises:
        MetadataError: it cannot be reached or used.
    """
    config = connection(options, path, writes=writes)
    if options.host is not None:
        _reach(options)
    try:
        return metadata_store.MetadataStore(config)
    except Exception as error:  # ML Metadata's own, of many kinds
        raise MetadataError(_refused(options, path, error)) from error


def name_of(options: MetadataOptions, path: str) -> str:
    """What a person knows the store by: the file, or the database and its server."""
    if options.host is None:
        return path
    return f"{options.database} on {options.host}:{options.port}"


def _password(options: MetadataOptions) -> str:
    name = options.password_variable
    if name is None:
        return ""
    if name not in os.environ:
        raise MetadataError(
            f"metadata.password: set the environment variable {name} to the password of "
            f"{options.user} on {options.host}"
        )
    return os.environ[name]


def _reach(options: MetadataOptions) -> None:
    """ML Metadata's client does not say why it got no connection."""
    try:
        socket.create_connection(
            (options.host or "", options.port), timeout=options.timeout_seconds
        ).close()
    except OSError as error:
        raise MetadataError(
            f"metadata.host: {options.host}:{options.port} cannot be reached "
            f"({error.strerror or error}): is the database server running there?"
        ) from error


def _refused(options: MetadataOptions, path: str, error: Exception) -> str:
    told = " ".join(str(error).split())
    if options.host is None:
        return f"{path} is not a metadata store that can be read: {told}"
    place = f"{options.host}:{options.port}"
    if "mysql_real_connect failed" in told:
        variable = options.password_variable
        check = f"the password in ${variable}" if variable else "metadata.password"
        return (
            f"metadata: {place} lets {options.user} not in: see to metadata.user, {check} and "
            "metadata.tls, and that the user signs in by mysql_native_password"
        )
    _, _, reason = told.rpartition("error: ")
    return f"metadata.database: {place} refuses {options.database} to {options.user}: {reason}"
