"""Driver of the SideTable component: looks which table there is before the cache is asked."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from typing import Any

from tfx.utils import io_utils

from components.look_up import LookUpDriver
from schema.side_tables import SIDE_TABLE_FILE


class Driver(LookUpDriver):
    """A table is known by its description, which has the digest of its rows."""

    @staticmethod
    def look_up(parameters: Mapping[str, Any]) -> dict[str, str]:
        """Digests the description of the table in the folder."""
        described = io_utils.read_bytes_file(os.path.join(parameters["folder"], SIDE_TABLE_FILE))
        return {"fingerprint": hashlib.sha256(described).hexdigest()[:16]}
