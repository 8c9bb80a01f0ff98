"""Driver of ImportExampleGen: looks which records lie there before the cache is asked."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from components.ingest import manifest
from components.look_up import LookUpDriver


class Driver(LookUpDriver):
    """TFX's cache goes by what the records were made from."""

    @staticmethod
    def look_up(parameters: Mapping[str, Any]) -> dict[str, str]:
        """Reads the manifest in `input_base`; records without one are like no others."""
        found = manifest.read(parameters["input_base"])
        if found is None:
            return {"fingerprint": f"{manifest.UNKNOWN}-{uuid.uuid4().hex}"}
        return {"fingerprint": manifest.fingerprint(found.made_from)}
