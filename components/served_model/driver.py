"""Driver of the ServedModel component: looks at the destination before the cache is asked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from components.look_up import LookUpDriver
from components.register.options import RegistryOptions
from serving.protocol import version_files
from serving.registry import Resolved, resolve


class Driver(LookUpDriver):
    """As long as what is served stays, so do the comparisons with it."""

    @staticmethod
    def look_up(parameters: Mapping[str, Any]) -> dict[str, str]:
        """Looks at the destination, the record and the registry that `ServedModel` names.

        Raises:
            ConfigError, ServingError: as `serving.registry.resolve` does.
        """
        return {"fingerprint": fingerprint(parameters)}


def resolved(parameters: Mapping[str, Any]) -> Resolved:
    """What is served.

    Args:
        parameters: of `ServedModel`.

    Raises:
        ConfigError, ServingError: as `serving.registry.resolve` does.
    """
    options = RegistryOptions.model_validate_json(parameters["registry"])
    return resolve(
        parameters["destination"],
        parameters["release_record"],
        options.uri,
        parameters["registered_model"],
        timeout=options.timeout_seconds,
    )


def fingerprint(parameters: Mapping[str, Any]) -> str:
    """What to know by what is served: as long as it stays, so does that.

    Args:
        parameters: of `ServedModel`.
    """
    found = resolved(parameters)
    served = found.served
    files = version_files.fingerprint(served.path) if served.path else ()
    state = (served.version, served.pinned, served.problem, files, found.note)
    return hashlib.sha256(repr(state).encode()).hexdigest()[:16]
