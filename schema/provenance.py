"""What an image says of itself, by environment variables, and what to know a configuration by."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any, Final

#: The name of the container image, best by digest.
IMAGE: Final = "SEGUE_IMAGE"
#: The commit that the code is of.
COMMIT: Final = "SEGUE_COMMIT"


def image() -> str | None:
    """The container image that this runs in; None where it runs in none, or none is named."""
    return os.environ.get(IMAGE) or None


def commit() -> str | None:
    """The commit that the environment names; None where it names none."""
    return os.environ.get(COMMIT) or None


def config_hash(config: Mapping[str, Any]) -> str:
    """The hash of a configuration as JSON has it, whatever the order of its keys."""
    text = json.dumps(config, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
