"""The registry: which version is whose, where it came from, and which is to be served."""

from serving.registry.describing import describe
from serving.registry.places import ADAPTERS, TIMEOUT, check_uri, open_registry, open_tracker
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
from serving.registry.tracker import Tracker
from serving.registry.waiting import MadeUp, keep, make_up, waiting
from serving.registry.waiting_runs import Tracked, keep_run, make_up_runs, waiting_runs

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
    "Tracked",
    "Tracker",
    "UnknownVersionError",
    "before_in",
    "check_alias",
    "check_uri",
    "describe",
    "gives",
    "keep",
    "keep_run",
    "make_up",
    "make_up_runs",
    "open_registry",
    "open_tracker",
    "resolve",
    "standing",
    "trouble",
    "waiting",
    "waiting_runs",
    "who",
]
