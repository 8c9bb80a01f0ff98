"""The registry: which version is whose, where it came from, and which is to be served."""

from serving.registry.places import ADAPTERS, TIMEOUT, check_uri, open_registry
from serving.registry.port import (
    AliasMovedError,
    NothingBeforeError,
    OtherContentError,
    Registry,
    RegistryError,
    RegistryUnavailableError,
    UnknownVersionError,
    before_in,
    check_alias,
    gives,
    who,
)

__all__ = [
    "ADAPTERS",
    "TIMEOUT",
    "AliasMovedError",
    "NothingBeforeError",
    "OtherContentError",
    "Registry",
    "RegistryError",
    "RegistryUnavailableError",
    "UnknownVersionError",
    "before_in",
    "check_alias",
    "check_uri",
    "gives",
    "open_registry",
    "who",
]
