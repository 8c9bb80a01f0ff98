"""Where a registry is: one text that is checked before anything opens."""

from __future__ import annotations

import importlib
import urllib.parse
from collections.abc import Mapping
from typing import Final

from serving.protocol import ConfigError
from serving.registry.port import Registry
from serving.registry.tracker import Tracker

#: The module of each registry, by the scheme of its URI; "" is a directory. It has
#: `open_registry(uri, model, timeout)` and `open_tracker(uri, timeout)`, whose URI was checked
#: here.
ADAPTERS: Final[Mapping[str, str]] = {
    "": "serving.registry.directory",
    "mlflow+http": "serving.registry.mlflow",
    "mlflow+https": "serving.registry.mlflow",
}
_ACCEPTED: Final = "a local directory, mlflow+http://HOST:PORT or mlflow+https://HOST[:PORT][/PATH]"

#: Seconds to wait for an answer, or for another process that moves an alias.
TIMEOUT: Final = 30.0


def check_uri(uri: str) -> str:
    """Checks the text that names a registry.

    Args:
        uri: a local directory, `mlflow+http://HOST:PORT`, or `mlflow+https://HOST[:PORT][/PATH]`.

    Returns:
        The scheme, "" of a directory.

    Raises:
        ConfigError: it names none; the message says what is accepted.
    """
    scheme, sign, _ = uri.partition("://")
    if not sign:
        if not uri or "\0" in uri:
            raise ConfigError(f"{uri!r} names no registry: {_ACCEPTED}")
        return ""
    if scheme not in ADAPTERS:
        more = (
            "; a directory in a bucket knows no locks, without which two promotions could both win"
            if scheme in ("gs", "s3")
            else ""
        )
        raise ConfigError(f"{uri}: a registry is {_ACCEPTED}{more}")
    try:
        parts = urllib.parse.urlsplit(uri)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"{scheme}://: {error}; a registry is {_ACCEPTED}") from error
    if parts.username is not None or parts.password is not None:
        # It is not repeated: messages and lineage are read by many.
        raise ConfigError(
            f"{scheme}://: a user or a password is no part of it: MLflow's client takes them from "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
        )
    if not parts.hostname or (scheme == "mlflow+http" and port is None):
        raise ConfigError(f"{uri}: a registry is {_ACCEPTED}")
    if parts.query or parts.fragment:
        raise ConfigError(f"{uri}: there are no options; a registry is {_ACCEPTED}")
    return scheme


def open_registry(uri: str, model: str, *, timeout: float = TIMEOUT) -> Registry:
    """Opens the registry of a model. Nothing is asked of it yet, so it may be down.

    Args:
        uri: see `check_uri`.
        model: the registered model, as of `schema.registry.model_name`.
        timeout: seconds that any call may wait for it.

    Raises:
        ConfigError: it names no registry.
        RegistryUnavailableError: a package is missing; the message says which.
    """
    module = importlib.import_module(ADAPTERS[check_uri(uri)])
    opened: Registry = module.open_registry(uri, model, timeout)
    return opened


def open_tracker(uri: str, *, timeout: float = TIMEOUT) -> Tracker:
    """Opens what keeps account of runs, beside the registry. Nothing is asked of it yet.

    Args:
        uri: see `check_uri`.
        timeout: seconds that any request may wait for it.

    Raises:
        ConfigError: it names no registry.
        RegistryUnavailableError: a package is missing; the message says which.
    """
    module = importlib.import_module(ADAPTERS[check_uri(uri)])
    opened: Tracker = module.open_tracker(uri, timeout)
    return opened
