"""The registry: which version is whose, where it came from, and which is to be served."""

from serving.registry.describing import describe
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
from serving.registry.standing import Resolved, Standing, resolve, standing, trouble
from serving.registry.waiting import MadeUp, keep, make_up, waiting

__all__ = [
    "ADAPTERS",
    "TIMEOUT",
    "AliasMovedError",
    "MadeUp",
    "NothingBeforeError",
    "OtherContentError",
    "Registry",
    "RegistryError",
    "RegistryUnavailableError",
    "Resolved",
    "Standing",
    "UnknownVersionError",
    "before_in",
    "check_alias",
    "check_uri",
    "describe",
    "gives",
    "keep",
    "make_up",
    "open_registry",
    "resolve",
    "standing",
    "trouble",
    "waiting",
    "who",
]
