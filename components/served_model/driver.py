"""Driver of the ServedModel component: looks at the destination before the cache is asked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from components.look_up import LookUpDriver
from schema.layout import MODEL_NAME
from serving.protocol import version_files
from serving.release import look


class Driver(LookUpDriver):
    """As long as what is served stays, so do the comparisons with it."""

    @staticmethod
    def look_up(parameters: Mapping[str, Any]) -> dict[str, str]:
        """Looks at the destination and the record that `component.ServedModel` names.

        Raises:
            ConfigError, ServingError: as `serving.release.look` does.
        """
        return {"fingerprint": fingerprint(parameters["destination"], parameters["release_record"])}


def fingerprint(destination: str, release_record: str) -> str:
    """What to know by what is served: as long as it stays, so does that.

    Args:
        destination: directory of versions.
        release_record: the record of releases.
    """
    found = look(destination, release_record, MODEL_NAME)
    files = version_files.fingerprint(found.path) if found.path else ()
    state = (found.version, found.pinned, found.problem, files)
    return hashlib.sha256(repr(state).encode()).hexdigest()[:16]
